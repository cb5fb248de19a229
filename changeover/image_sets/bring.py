"""Entering images that were moved before: they are not fetched again."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from changeover.image_sets.reapply import reapply_arrived
from changeover.ledger import image_exchange
from changeover.ledger import images as manifest
from changeover.ledger.image_exchange import MovedImage
from changeover.ledger.images import Named
from changeover.mapping import ImageSet
from changeover.project import Project
from changeover.transfer.id_pool import Pool

AT_ONCE = 5_000


@dataclass(frozen=True)
class Brought:
    """What became of a file's images: ``entered`` now, ``known`` with the same key, ``other`` with another key, which stays, and
    ``refused`` URLs, which the set may not fetch. ``rows_applied`` counts rows that waited for them."""

    entered: int = 0
    known: int = 0
    other: int = 0
    refused: int = 0
    rows_applied: int = 0


def bring(
    project: Project,
    images: ImageSet,
    moved: Mapping[str, MovedImage],
    *,
    stop: threading.Event | None = None,
) -> Brought:
    """Enter images of a set with their keys, and apply the rows that wait for them.

    What was entered counts as stored, and not yet as verified: the bucket is asked by `verify`.
    """
    halt = stop or threading.Event()
    counts = {"entered": 0, "known": 0, "other": 0, "refused": 0}
    for part in _parts(moved):
        named: dict[str, tuple[Named, MovedImage]] = {}
        for url, one in part.items():
            found = images.reference(url)
            if found is None or found.url is None:
                counts["refused"] += 1
            else:
                named[found.digest] = (Named(found.digest, found.url, url), one)
        with project.new.engine.begin() as connection:
            manifest.enter(connection, project.dialect, images.name, [one for one, _ in named.values()])
            keys = manifest.keys_of(connection, project.dialect, images.name, named)
            new = {digest: one for digest, (_, one) in named.items() if digest not in keys}
            image_exchange.bring(connection, project.dialect, images.name, new)
        counts["entered"] += len(new)
        same = sum(keys[digest] == named[digest][1].key for digest in keys)
        counts["known"] += same
        counts["other"] += len(keys) - same
        if halt.is_set():
            break
    pool = Pool()
    rows = sum(reapply_arrived(project, move, pool, halt) for move in project.moves.values())
    return Brought(**counts, rows_applied=rows)


def _parts(moved: Mapping[str, MovedImage]) -> Iterator[dict[str, MovedImage]]:
    items = iter(moved.items())
    while part := dict(islice(items, AT_ONCE)):
        yield part
