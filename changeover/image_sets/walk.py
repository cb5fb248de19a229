"""The images that a key range's rows name, chunk by chunk, read from the old database: the key and these columns, and no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from changeover.binding import Bound, Move
from changeover.keyset.key import KeyValues
from changeover.keyset.walk import page_end
from changeover.ledger.images import Named
from changeover.ledger.ranges import KeyRange
from changeover.mapping import ImageSet
from changeover.project import Project
from changeover.transfer.chunk import Span
from changeover.transfer.chunk_size import ChunkSize, first
from changeover.transfer.image_changes import image_texts, reduced
from changeover.transfer.reading import read
from changeover.transfer.retry import Stop, retried

ROWS = 2_000
"""Of a chunk: few enough that two runs over one range share its images, and that what is taken is moved before long."""


@dataclass(frozen=True)
class Page:
    """A chunk: how many rows it has, and the images that they name, each once. ``refused`` texts, by digest, may not be fetched,
    and why."""

    rows: int
    named: tuple[Named, ...]
    refused: dict[str, str]


def sets_of(move: Move) -> tuple[ImageSet, ...]:
    """The sets that a root's rows name images of."""
    found = {one.image.images.name: one.image.images for bound in move.bounds for one in bound.images}
    return tuple(found.values())


def pages(
    project: Project, move: Move, images: ImageSet, found: KeyRange, stop: threading.Event
) -> Iterator[Page]:
    """The range, chunk by chunk. Ends early when asked to stop."""
    size, position = ChunkSize(first(move.bounds, ROWS), ROWS), found.lower
    bounds = [part for bound in move.bounds if (part := reduced(bound, images.name)) is not None]
    dialects = project.dialect, project.old[move.database].dialect
    while position != found.upper and not stop.is_set():
        began = time.monotonic()
        position, page, octets = retried(
            partial(_page, project, move, bounds, found, position, size), size, Stop(stop), *dialects
        )
        size.took(octets, time.monotonic() - began)
        yield page


def _page(
    project: Project,
    move: Move,
    bounds: list[Bound],
    found: KeyRange,
    lower: KeyValues | None,
    size: ChunkSize,
) -> tuple[KeyValues, Page, int]:
    schema = project.old[move.database]
    with schema.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as source:
        root = move.mapping.root
        upper = page_end(source, schema.dialect, root, move.key, lower, found.upper, size.rows) or found.upper
        blocks = [(bound, read(source, bound, Span(lower, upper))[0]) for bound in bounds]
    named: dict[str, Named] = {}
    refused: dict[str, str] = {}
    for bound, whole in blocks:
        for one in image_texts(bound, whole)[1]:
            for text, reference in one.known.items():
                if reference is None:
                    continue
                if reference.url is None:
                    refused[reference.digest] = reference.reason or ""
                else:
                    named.setdefault(reference.digest, Named(reference.digest, reference.url, text))
    rows = max(block.rows for _, block in blocks)
    octets = sum(len(block.data) for _, block in blocks)
    return upper, Page(rows, tuple(named.values()), refused), octets
