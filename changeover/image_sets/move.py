"""Moving images by the key ranges of the rows that name them, or those that rows wait for, whatever ranges they are in."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence

from changeover.errors import Interrupted
from changeover.image_sets import walk
from changeover.image_sets.batch import Batch
from changeover.image_sets.carrier import Carrier
from changeover.image_sets.changed import reapply_changed
from changeover.image_sets.moved import ImagesMoved, OnMoved
from changeover.image_sets.reapply import reapply_arrived
from changeover.ledger import image_waits
from changeover.ledger import ranges as ledger_ranges
from changeover.mapping import ImageSet
from changeover.project import Project
from changeover.transfer.id_pool import Pool

WAITING_AT_ONCE = 1_000


def move_images(
    project: Project,
    root: str,
    carrier: Carrier,
    names: Sequence[str] | None = None,
    *,
    sets: Collection[str] | None = None,
    rejected: bool = False,
    on_moved: OnMoved | None = None,
    stop: threading.Event | None = None,
) -> Iterator[ImagesMoved]:
    """Move the images that the rows of a root's ranges name, and yield what became of each range and set.

    Parameters: ``names`` the ranges (all of them by default); ``sets`` only these; ``rejected`` tries again what was rejected
    before; ``on_moved`` is given a range's counts so far whenever some of them were committed; ``stop`` asks to end after the
    images under way.
    Raises: Interrupted after ``stop`` was set; ChangeoverError for unknown names.
    """
    halt = stop or threading.Event()
    move = project.move(root)
    with project.reading() as connection:
        wanted = (
            ledger_ranges.ranges_of(connection, root)
            if names is None
            else [ledger_ranges.range_named(connection, root, name) for name in names]
        )
    pool = Pool()
    for found in wanted:
        for images in walk.sets_of(move):
            if halt.is_set() or (sets is not None and images.name not in sets):
                continue
            pages = walk.pages(project, move, images, found, halt)
            moved = ImagesMoved(found, images.name)
            yield Batch(project, images, pages, moved, carrier, pool, halt, rejected, on_moved=on_moved).run()
    if halt.is_set():
        raise Interrupted(
            f"{root}: stopped after the images under way; run the same again to go on from there"
        )
    reapply_arrived(project, move, pool, halt)


def move_waiting(
    project: Project,
    carrier: Carrier,
    *,
    whole: bool = False,
    on_moved: OnMoved | None = None,
    stop: threading.Event | None = None,
) -> Iterator[ImagesMoved]:
    """Move the images that copied rows wait for, such as live sync brings, and yield what became of each set. Reads no old table.

    Parameters: ``whole`` says that the project holds all mappings that name images of its sets: where the key of an image became
    another one, the rows that name it are looked for.
    Raises: Interrupted after ``stop`` was set.
    """
    halt = stop or threading.Event()
    pool = Pool()
    sets = {images.name: images for move in project.moves.values() for images in walk.sets_of(move)}
    for images in sets.values():
        if not halt.is_set():
            moved = ImagesMoved(None, images.name)
            pages = _waiting(project, images)
            yield Batch(project, images, pages, moved, carrier, pool, halt, on_moved=on_moved).run()
    if halt.is_set():
        raise Interrupted("stopped after the images under way; run the same again to go on from there")
    for move in project.moves.values():
        reapply_arrived(project, move, pool, halt)
    for images in sets.values() if whole else ():
        reapply_changed(project, images, pool, halt)


def _waiting(project: Project, images: ImageSet) -> Iterator[walk.Page]:
    numbers, after = [bound.id for move in project.moves.values() for bound in move.bounds], ""
    while True:
        with project.reading() as connection:
            named = image_waits.wanted(connection, numbers, images.name, after=after, limit=WAITING_AT_ONCE)
        if not named:
            return
        after = named[-1].digest
        yield walk.Page(0, tuple(named), {})
