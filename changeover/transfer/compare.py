"""Comparing old and new: the one path up to the write, and then a look instead of a write."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa

from changeover.binding import Bound, Move
from changeover.keyset.key import KeyValues
from changeover.keyset.walk import page_end
from changeover.ledger import ranges as ledger
from changeover.ledger import rejects as ledger_rejects
from changeover.ledger.ranges import KeyRange
from changeover.project import Project
from changeover.transfer import leftover, sql
from changeover.transfer.chunk import Span
from changeover.transfer.chunk_size import ChunkSize
from changeover.transfer.diagnose import guards, twins
from changeover.transfer.functions import compute
from changeover.transfer.part import drifted
from changeover.transfer.reading import read
from changeover.transfer.remove import gone
from changeover.transfer.retry import Stop, retried
from changeover.transfer.statements import counted, rows, unstage
from changeover.transfer.unreadable import bad_text


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
    size, position, old_dialect = ChunkSize(FIRST), found.lower, project.old[move.database].dialect
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
        unmet = retried(
            partial(leftover.unmet, project, move, bound, found),
            size,
            Stop(halt),
            project.dialect,
            old_dialect,
        )
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

    def add(self, chunk: _Compared) -> None:
        self.old, self.different = self.old + chunk.old, self.different + chunk.different
        self.missing, self.extra = self.missing + chunk.missing, self.extra + chunk.extra
        self.rejected += chunk.rejected
        self.keys.extend(chunk.keys[: SHOWN - len(self.keys)])


def _chunk(
    project: Project,
    move: Move,
    found: KeyRange,
    lower: KeyValues | None,
    size: ChunkSize,
    sums: dict[str, _Sum],
) -> tuple[KeyValues, int, int]:
    schema = project.old[move.database]
    results: list[_Compared] = []
    with schema.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as source:
        upper = (
            page_end(source, schema.dialect, move.mapping.root, move.key, lower, found.upper, size.rows)
            or found.upper
        )
        upper = leftover.bounded(project, move, lower, upper, size.rows)
        span = Span(lower, upper)
        # Nothing is kept of this transaction: it holds the table lock, so that a change in between is no difference.
        with project.new.engine.connect() as target, target.begin() as transaction:
            project.dialect.lock(target, move.targets, exclusive=False)
            results = [_compared(target, source, bound, span) for bound in move.bounds]
            transaction.rollback()
    for one in results:
        sums[one.mapping].add(one)
    return upper, sum(one.old for one in results), sum(one.bytes for one in results)


@dataclass(frozen=True)
class _Compared:
    """A chunk's comparison for one mapping."""

    mapping: str
    old: int
    different: int
    missing: int
    extra: int
    rejected: int
    bytes: int
    keys: list[str]


def _compared(target: sa.Connection, source: sa.Connection, bound: Bound, span: Span) -> _Compared:
    block, unread = read(source, bound, span)
    computed, refused = compute(bound, block)
    _, unreadable = bad_text(target, bound, computed)
    unstaged = {reject.root_key for reject in (*unread, *refused, *unreadable)}
    extra = [key for key in gone(target, bound, span) if key not in unstaged]
    known = (
        set(ledger_rejects.with_rejects(target, bound.id, sql.stage(bound)))
        if ledger_rejects.any_open(target, bound.id)
        else set[str]()
    )
    # Rows that can't be stored can't be compared either: a text that is no number would end the statement.
    staged, keys = counted(target, bound)
    unfit = {reject.root_key for reject in guards(target, bound)}
    if staged != keys:
        unfit.update(reject.root_key for reject in twins(target, bound))
    unstage(target, bound, sorted(known | unfit))
    bad = dict.fromkeys(_parting(target, bound), 0)
    bad |= dict(rows(target, sql.wrong(bound)))
    bad |= dict.fromkeys([*_unlinked(target, bound), *sorted(unfit - known)], 1)
    missing = sum(1 for absent in bad.values() if absent)
    return _Compared(
        bound.mapping.name,
        old=block.rows + len(unread),
        different=len(bad) - missing,
        missing=missing,
        extra=len(extra),
        rejected=len(known) + len(unstaged) + staged - keys,
        bytes=len(block.data),
        keys=[*bad, *extra],
    )


def _parting(target: sa.Connection, bound: Bound) -> list[str]:
    """Staged roots that share a row which they don't match: what others wrote there hides it from the look at values."""
    query = drifted(bound)
    return [key for key, _, follows in rows(target, query) if follows] if query else []


def _unlinked(target: sa.Connection, bound: Bound) -> list[str]:
    """Staged roots that the id map doesn't know: their target rows were never made."""
    if bound.identity != "assigned":
        return []
    query = (
        f"SELECT s.k FROM {sql.stage(bound)} AS s {sql.linked(bound, outer=True)} WHERE i.root_key IS NULL"
    )
    return [row[0] for row in rows(target, query)]
