"""Applying the rows that name images whose key has become another one. Stored images have no notes of their rows, so all rows are
looked through, chunk by chunk, reading the key and the columns of images alone."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import partial

from changeover.binding import Bound, Move
from changeover.errors import NotCaptured
from changeover.image_sets.walk import ROWS, sets_of
from changeover.keyset.key import KeyValues
from changeover.keyset.walk import page_end
from changeover.ledger import image_changes
from changeover.ledger.ranges import KeyRange, ranges_of
from changeover.mapping import ImageSet
from changeover.planning import plan
from changeover.project import Project
from changeover.transfer.by_keys import apply_all
from changeover.transfer.chunk import Span
from changeover.transfer.chunk_size import ChunkSize, first
from changeover.transfer.id_pool import Pool
from changeover.transfer.image_changes import naming_changed
from changeover.transfer.retry import Stop, retried
from changeover.transfer.statements import parts


def any_changed(project: Project, sets: Collection[ImageSet]) -> bool:
    """Whether rows may hold the former key of an image of these sets."""
    with project.reading() as connection:
        return image_changes.any_changed(connection, [one.name for one in sets])


def reapply_changed(project: Project, images: ImageSet, pool: Pool, stop: threading.Event) -> int:
    """Apply the rows that name a changed image of the set, of all tables. How many roots there were.

    The project has to hold every mapping that names images of the set: afterwards the images count as unchanged.
    """
    token = str(uuid.uuid4())
    with project.new.engine.begin() as connection:
        if not image_changes.mark(connection, images.name, token):
            return 0
    roots = 0
    for name, move in project.moves.items():
        if all(one.name != images.name for one in sets_of(move)):
            continue
        for found in _planned(project, name):
            for keys in _naming(project, move, found, stop):
                roots += len(keys)
                apply_all(project, move, keys, pool, stop)
    if not stop.is_set():
        with project.new.engine.begin() as connection:
            image_changes.settle(connection, token)
    return roots


def _planned(project: Project, root: str) -> list[KeyRange]:
    """The root's ranges, and those of rows that live sync brought after the last one; none where nothing was copied yet."""
    with project.reading() as connection:
        if not ranges_of(connection, root):
            return []
    with suppress(NotCaptured):  # nor does live sync bring rows, then
        plan(project, root)
    with project.reading() as connection:
        return list(ranges_of(connection, root))


def _naming(project: Project, move: Move, found: KeyRange, stop: threading.Event) -> Iterator[list[str]]:
    size, position = ChunkSize(first(move.bounds, ROWS), ROWS), found.lower
    bounds = [bound for bound in move.bounds if bound.images]
    dialects = project.dialect, project.old[move.database].dialect
    while position != found.upper and not stop.is_set():
        position, keys = retried(
            partial(_page, project, move, bounds, found, position, size), size, Stop(stop), *dialects
        )
        yield from (list(part) for part in parts(keys))


def _page(
    project: Project,
    move: Move,
    bounds: list[Bound],
    found: KeyRange,
    lower: KeyValues | None,
    size: ChunkSize,
) -> tuple[KeyValues, list[str]]:
    schema = project.old[move.database]
    with (
        project.reading() as target,
        schema.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as source,
    ):
        root = move.mapping.root
        upper = page_end(source, schema.dialect, root, move.key, lower, found.upper, size.rows) or found.upper
        span = Span(lower, upper)
        return upper, sorted({key for bound in bounds for key in naming_changed(target, source, bound, span)})
