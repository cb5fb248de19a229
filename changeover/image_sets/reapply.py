"""Applying rows again that wait for images: those whose image arrived, and those whose text may be fetched by now."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from changeover.binding import Bound, Move
from changeover.ledger import image_waits
from changeover.ledger.image_waits import Wait
from changeover.project import Project
from changeover.transfer.by_keys import apply_all
from changeover.transfer.id_pool import Pool
from changeover.transfer.statements import parts


def reapply_due(
    project: Project, image_set: str, digests: Sequence[str], pool: Pool, stop: threading.Event
) -> int:
    """Apply the rows of all tables whose images are settled now that these are: of many images in a row, the last one counts. How
    many roots there were."""
    roots = 0
    for move in project.moves.values():
        for bound in move.bounds:
            if not any(one.image.images.name == image_set for one in bound.images):
                continue
            for some in parts(digests):
                after = ""
                while page := _due(project, bound, image_set, some, after):
                    after, roots = page[-1], roots + len(page)
                    apply_all(project, move, page, pool, stop)
    return roots


def _due(project: Project, bound: Bound, image_set: str, digests: Sequence[str], after: str) -> list[str]:
    with project.reading() as connection:
        return image_waits.due(connection, bound.id, image_set, digests, after=after)


def reapply_arrived(project: Project, move: Move, pool: Pool, stop: threading.Event) -> int:
    """Apply all rows of a root that wait for an image which is stored, whoever stored it, and those whose text the declaration now
    takes for a URL that may be fetched. How many roots there were."""
    roots = 0
    for bound in move.bounds:
        if not bound.images:
            continue
        after = ""
        while page := _ripe(project, bound, after):
            if stop.is_set():
                return roots
            after, roots = page[-1], roots + len(page)
            apply_all(project, move, page, pool, stop)
        for part in parts(sorted(_readable(project, bound))):
            roots += len(part)
            apply_all(project, move, part, pool, stop)
    return roots


def _ripe(project: Project, bound: Bound, after: str) -> list[str]:
    with project.reading() as connection:
        return image_waits.ripe(connection, bound.id, after=after)


def _readable(project: Project, bound: Bound) -> set[str]:
    """Roots whose text was refused, and would not be any more."""
    sets = {one.target: one.image.images for one in bound.images}
    found: set[str] = set()
    after = ""
    while page := _refused(project, bound, after):
        for one in page:
            reference = sets[one.column].reference(one.original_url) if one.column in sets else None
            if reference is None or reference.url is not None:
                found.add(one.root_key)
        after = page[-1].root_key
    return found


def _refused(project: Project, bound: Bound, after: str) -> list[Wait]:
    with project.reading() as connection:
        return image_waits.refused(connection, bound.id, after=after)
