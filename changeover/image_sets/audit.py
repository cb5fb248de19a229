"""Asking the bucket: whether each stored image is there as it was stored, and which objects the manifest doesn't know."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from changeover.ledger import image_audit as ledger
from changeover.project import Project

if TYPE_CHECKING:
    from changeover.images.bucket import Bucket
    from changeover.images.bucket import Stored as StoredObject

AT_ONCE = 500


@dataclass(frozen=True)
class Verified:
    """A page of stored images: how many were asked for, and the keys of those that are not there, or of another length."""

    asked: int
    lost: tuple[str, ...]


def verify(
    project: Project, bucket: Bucket, workers: int, *, stop: threading.Event | None = None
) -> Iterator[Verified]:
    """Ask the bucket for each stored image, and note what came of it. What is lost is fetched again by the next run.

    Raises: BucketRefused, also when it goes away meanwhile: nothing is lost then, for all that is known.
    """
    halt = stop or threading.Event()
    after: tuple[str, str] | None = None
    bucket.is_there()
    with ThreadPoolExecutor(workers, thread_name_prefix="changeover-images") as pool:
        while not halt.is_set():
            with project.reading() as connection:
                page = ledger.stored(connection, after=after, limit=AT_ONCE)
            if not page:
                return
            after = (page[-1].digest, page[-1].image_set)
            heads = pool.map(bucket.head, [one.key for one in page])
            gone = [one for one, head in zip(page, heads, strict=True) if not _is(one, head)]
            there = [one for one in page if one not in gone]
            if gone:
                bucket.is_there()
            with project.new.engine.begin() as connection:
                ledger.verified(connection, there)
                ledger.lost(connection, gone)
            yield Verified(len(page), tuple(one.key for one in gone))


def orphans(project: Project, bucket: Bucket, prefix: str = "") -> Iterator[StoredObject]:
    """Objects of the bucket that the manifest doesn't know. Deletes nothing."""
    listed = iter(bucket.listing(prefix))
    while page := list(islice(listed, AT_ONCE)):
        with project.reading() as connection:
            known = ledger.known(connection, [one.key for one in page])
        yield from (one for one in page if one.key not in known)


def _is(one: ledger.StoredImage, head: StoredObject | None) -> bool:
    return head is not None and (one.bytes is None or head.bytes == one.bytes)
