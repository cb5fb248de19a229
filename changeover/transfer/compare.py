"""Comparing old and new: the one path up to the write, and then a look instead of a write."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from changeover.binding import Move
from changeover.keyset.key import KeyValues
from changeover.keyset.walk import page_end
from changeover.ledger import ranges as ledger
from changeover.ledger.ranges import KeyRange
from changeover.project import Project
from changeover.transfer import leftover
from changeover.transfer.chunk import Span
from changeover.transfer.chunk_size import ChunkSize, first
from changeover.transfer.differing import Compared, compared
from changeover.transfer.looking import looking
from changeover.transfer.retry import Stop, retried


@dataclass(frozen=True)
class RangeCompared:
    """A range's comparison for one target. ``rejected`` rows are open rejects, and are not compared.

    ``old`` is how many target rows the old side says there should be (rejects included); ``keys`` are the first few encoded root
    keys that are wrong.
    """

    range: KeyRange
    target: str
    mapping: str
    old: int
    same: int
    different: int
    missing: int
    extra: int
    rejected: int
    keys: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Nothing differs."""
        return not (self.different or self.missing or self.extra)


SHOWN = 10
FIRST = 5_000
"""Roots in the first chunk: nothing is written, so it can be larger than a copy's."""


def compare(
    project: Project,
    root: str,
    names: Sequence[str] | None = None,
    *,
    on_chunk: Callable[[str, int], None] | None = None,
    stop: threading.Event | None = None,
) -> Iterator[RangeCompared]:
    """Compare every target row of the ranges with what its root says now, value by value. Writes nothing.

    Parameters: ``on_chunk`` is told the root and how many rows were compared.
    Yields: one result for each range and mapping.
    """
    move = project.move(root)
    with project.reading() as connection:
        known = ledger.ranges_of(connection, root)
        wanted = known if names is None else [ledger.range_named(connection, root, name) for name in names]
    halt = stop or threading.Event()
    for found in wanted:
        if halt.is_set():
            return
        yield from _range(project, move, found, on_chunk, halt)


def _range(
    project: Project,
    move: Move,
    found: KeyRange,
    on_chunk: Callable[[str, int], None] | None,
    halt: threading.Event,
) -> Iterator[RangeCompared]:
    sums = {bound.mapping.name: _Sum() for bound in move.bounds}
    size, position, old_dialect = (
        ChunkSize(first(move.bounds, FIRST)),
        found.lower,
        project.old[move.database].dialect,
    )
    done = False
    while not done and not halt.is_set():
        chunk = partial(_chunk, project, move, found, position, size, sums)
        began = time.monotonic()
        position, read_rows, read_bytes = retried(chunk, size, Stop(halt), project.dialect, old_dialect)
        size.took(read_bytes, time.monotonic() - began)
        done = position == found.upper
        if on_chunk:
            on_chunk(move.root, read_rows)
    for bound in move.bounds:
        s = sums[bound.mapping.name]
        after: str | None = ""
        while after is not None:
            page = partial(leftover.unmet, project, move, bound, found, after)
            unmet, after = retried(page, size, Stop(halt), project.dialect, old_dialect)
            s.extra += len(unmet)
            s.keys.extend(unmet[: SHOWN - len(s.keys)])
        yield RangeCompared(
            found,
            bound.mapping.target,
            bound.mapping.name,
            s.old,
            s.old - s.rejected - s.different - s.missing,
            s.different,
            s.missing,
            s.extra,
            s.rejected,
            tuple(s.keys[:SHOWN]),
        )


class _Sum:
    def __init__(self) -> None:
        self.old = self.different = self.missing = self.extra = self.rejected = 0
        self.keys: list[str] = []

    def add(self, chunk: Compared) -> None:
        self.old, self.different = self.old + chunk.old, self.different + chunk.count("different")
        self.missing, self.extra = self.missing + chunk.count("missing"), self.extra + chunk.count("extra")
        self.rejected += chunk.rejected
        self.keys.extend(row.key for row in chunk.rows[: SHOWN - len(self.keys)])


def _chunk(
    project: Project,
    move: Move,
    found: KeyRange,
    lower: KeyValues | None,
    size: ChunkSize,
    sums: dict[str, _Sum],
) -> tuple[KeyValues, int, int]:
    schema = project.old[move.database]
    with schema.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as source:
        upper = (
            page_end(source, schema.dialect, move.mapping.root, move.key, lower, found.upper, size.rows)
            or found.upper
        )
        upper = leftover.bounded(project, move, lower, upper, size.rows)
        with looking(project, move.targets) as target:
            results = [compared(target, source, bound, Span(lower, upper)) for bound in move.bounds]
    for bound, one in zip(move.bounds, results, strict=True):
        sums[bound.mapping.name].add(one)
    return upper, sum(one.old for one in results), sum(one.bytes for one in results)
