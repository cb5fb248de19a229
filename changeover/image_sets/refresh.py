"""Asking origins whether stored images are what they were: by conditional requests, so that what is unchanged isn't sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from changeover.errors import Interrupted
from changeover.image_sets.batch import Batch
from changeover.image_sets.carrier import Carrier
from changeover.image_sets.changed import reapply_changed
from changeover.image_sets.moved import ImagesMoved, OnMoved
from changeover.image_sets.walk import Page
from changeover.ledger import image_changes
from changeover.mapping import ImageSet
from changeover.project import Project
from changeover.transfer.id_pool import Pool


def refresh_images(
    project: Project,
    sets: Sequence[ImageSet],
    carrier: Carrier,
    *,
    on_moved: OnMoved | None = None,
    stop: threading.Event | None = None,
) -> Iterator[ImagesMoved]:
    """Ask for each stored image of some sets again, and yield what became of each set. An image with other bytes by now gets
    another key, and the rows that name it are applied; one that its origin doesn't give any more stays as it is stored.

    The project has to hold every mapping that names images of the sets. Images that were entered from a file are not asked for:
    nobody knows which bytes they had.
    Raises: Interrupted after ``stop`` was set.
    """
    halt = stop or threading.Event()
    pool = Pool()
    for images in sets:
        if halt.is_set():
            break
        batch = Batch(
            project,
            images,
            _stored(project, images),
            ImagesMoved(None, images.name),
            carrier,
            pool,
            halt,
            refresh=True,
            on_moved=on_moved,
        )
        batch.run()
        batch.count(error=batch.moved.error, rows_applied=reapply_changed(project, images, pool, halt))
        yield batch.moved
    if halt.is_set():
        raise Interrupted("stopped after the images under way; run the same again to go on from there")


def _stored(project: Project, images: ImageSet) -> Iterator[Page]:
    after = ""
    while True:
        with project.reading() as connection:
            named = image_changes.refreshable(connection, images.name, after=after)
        if not named:
            return
        after = named[-1].digest
        yield Page(0, tuple(named), {})
