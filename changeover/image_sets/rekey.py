"""Giving stored images the keys that the mappings form by now, within the bucket: no origin is asked. Former objects stay."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from changeover.errors import ChangeoverError, Interrupted
from changeover.image_sets.changed import reapply_changed
from changeover.image_sets.lease import Lease
from changeover.image_sets.moved import ImagesMoved
from changeover.image_sets.opening import scheme_of
from changeover.ledger import image_changes
from changeover.ledger.image_changes import Keyed
from changeover.mapping import ImageSet
from changeover.project import Project
from changeover.transfer.id_pool import Pool

if TYPE_CHECKING:
    from changeover.images.bucket import Bucket
    from changeover.images.image import Kind

STATES = ("stored", "changed")


def rekey_images(
    project: Project,
    sets: Sequence[ImageSet],
    bucket: Bucket,
    workers: int,
    *,
    stop: threading.Event | None = None,
) -> Iterator[ImagesMoved]:
    """Copy stored images of some sets to the keys that they would be stored under now, apply the rows that name them, and yield
    what became of each set: ``known`` had their keys already, ``reused`` objects were there.

    The project has to hold every mapping that names images of the sets. Images of which nobody knows which bytes they had keep
    their keys.
    Raises: Interrupted after ``stop`` was set; BucketRefused.
    """
    halt = stop or threading.Event()
    with ThreadPoolExecutor(workers, thread_name_prefix="changeover-images") as threads:
        for images in sets:
            if halt.is_set():
                break
            work = _Rekey(project, images, bucket, threads, halt)
            try:
                work.run()
            except ChangeoverError as error:
                work.count(error=str(error))
            rows = reapply_changed(project, images, Pool(), halt)
            yield replace(work.moved, rows_applied=rows)
    if halt.is_set():
        raise Interrupted("stopped after the images under way; run the same again to go on from there")


class _Rekey:
    def __init__(
        self,
        project: Project,
        images: ImageSet,
        bucket: Bucket,
        threads: ThreadPoolExecutor,
        stop: threading.Event,
    ) -> None:
        self.project, self.images, self.bucket, self.threads, self.stop = (
            project,
            images,
            bucket,
            threads,
            stop,
        )
        self.moved = ImagesMoved(None, images.name)
        self.key: Callable[[Keyed], str | None] = _keys(images)

    def run(self) -> None:
        """All pages of the set."""
        after = ""
        with Lease(self.project) as lease:
            while not self.stop.is_set():
                with self.project.reading() as connection:
                    page = image_changes.keyed(connection, self.images.name, after=after)
                if not page:
                    return
                after = page[-1].digest
                new = {one.digest: key for one in page if (key := self.key(one)) not in (None, one.key)}
                self.count(referenced=len(page), known=len(page) - len(new))
                if new:
                    self.copy(lease, {one.digest: one for one in page if one.digest in new}, new)

    def copy(self, lease: Lease, images: dict[str, Keyed], new: dict[str, str]) -> None:
        """Copy what nobody else is at, and commit the keys of what was copied."""
        with self.project.new.engine.begin() as connection:
            mine = [one.digest for one in lease.take(connection, self.images.name, sorted(new), STATES)]
        told = self.threads.map(lambda digest: self.one(images[digest], new[digest]), mine)
        done = {digest: there for digest, there in zip(mine, told, strict=True) if there is not None}
        with self.project.new.engine.begin() as connection:
            keys = {digest: (images[digest].key, new[digest]) for digest in done}
            image_changes.rekeyed(connection, self.project.dialect, self.images.name, lease.token, keys)
        there = sum(done.values())
        self.count(transferred=len(done) - there, reused=there, failed=len(new) - len(done))

    def one(self, image: Keyed, key: str) -> bool | None:
        """Whether the object was there; None where it could not be copied. What concerns all raises."""
        from changeover.images.bucket import KeyTaken, NotStored
        from changeover.images.copying import copy

        try:
            return copy(self.bucket, image.key, key, image.media_type, image.sha256)
        except (KeyTaken, NotStored):
            return None

    def count(self, *, error: str | None = None, **added: int) -> None:
        counts = {name: getattr(self.moved, name) + number for name, number in added.items()}
        self.moved = replace(self.moved, **counts, error=error)


def _keys(images: ImageSet) -> Callable[[Keyed], str | None]:
    """What forms the key of an image of the set; None of one whose kind isn't known."""
    from changeover.images.content import MEDIA_TYPES

    scheme = scheme_of(images)
    kinds: dict[str, Kind] = {media_type: kind for kind, media_type in MEDIA_TYPES.items()}

    def key(one: Keyed) -> str | None:
        kind = kinds.get(one.media_type)
        return scheme(one.url, one.sha256, kind) if kind else None

    return key
