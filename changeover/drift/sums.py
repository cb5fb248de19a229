"""Asking both sides for checksums, and narrowing a difference down to the keys of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from changeover.binding import Bound, Move
from changeover.dialects import of
from changeover.drift import checksum
from changeover.drift.fields import Fields, fields, not_pushed_down
from changeover.project import Project
from changeover.transfer.chunk import Keys, Selection, Span
from changeover.transfer.looking import looking

MOST_KEYS = 2_000
"""Of rows that differ in a part of a span: beyond it, the part is compared as a whole."""


@dataclass(frozen=True)
class Sum:
    """Of a span's rows on the old side: how many, and the pieces of it of which the new side's sum is another."""

    rows: int
    differing: tuple[Span, ...]


class Sums:
    """Checksums of one move, between its old database and the new one."""

    def __init__(self, project: Project, move: Move) -> None:
        self.project = project
        self.move = move
        self.old = project.old[move.database].dialect
        self.made: Mapping[str, Fields] = {
            bound.mapping.name: fields(bound, self.old.family)
            for bound in move.bounds
            if not not_pushed_down(bound)
        }

    @cached_property
    def function(self) -> str:
        """The fastest digest that both servers have."""
        with self.source() as source, self.project.reading() as target:
            there = set(self.old.digests(source))
            return next(name for name in self.project.dialect.digests(target) if name in there)

    def source(self) -> sa.Connection:
        """A connection to the old database that keeps no snapshot between statements."""
        engine = self.project.old[self.move.database].engine
        return engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def sums(self, bounds: Sequence[Bound], span: Span) -> dict[str, Sum]:
        """By mapping, the span's checksums compared. The target is asked first."""
        with looking(self.project, self.move.targets) as target, self.source() as source:
            new: dict[str, Asked] = {}
            for b in bounds:
                spans, made = checksum.pieces(b, span), self.made[b.mapping.name]
                new[b.mapping.name] = _ask(target, checksum.new_sums(b, made, self.function, spans))
            found: dict[str, Sum] = {}
            for b in bounds:
                spans, made = checksum.pieces(b, span), self.made[b.mapping.name]
                old = _ask(source, checksum.old_sums(source, self.old, b, made, self.function, spans))
                found[b.mapping.name] = _sum(spans, old, new[b.mapping.name])
            return found

    def narrowed(self, bound: Bound, span: Span) -> list[Selection]:
        """What is to be compared by value of a span whose sums differ: keys of rows, or parts in which most rows differ."""
        cut = checksum.parts(bound, span)
        spans = [span] if cut is None else self._parts(bound, cut)
        found: list[Selection] = []
        keys: list[str] = []
        for part in spans:
            differing = self._rows(bound, part)
            if differing is None or len(differing) > MOST_KEYS:
                found.append(part)
            else:
                keys += differing
        return [*found, Keys(tuple(keys))] if keys else found

    def _parts(self, bound: Bound, cut: checksum.Parts) -> list[Span]:
        """The parts that differ; all of them where that can't be told."""
        made = self.made[bound.mapping.name]
        with looking(self.project, self.move.targets) as target, self.source() as source:
            new = _ask(target, checksum.new_parts(bound, made, self.function, cut))
            old = _ask(source, checksum.old_parts(source, self.old, bound, made, self.function, cut))
        ours, theirs = _grouped(new), _grouped(old)
        blind = new.too_large or old.too_large
        return [
            cut.part(n) for n in sorted(theirs.keys() | ours.keys()) if blind or theirs.get(n) != ours.get(n)
        ]

    def _rows(self, bound: Bound, span: Span) -> list[str] | None:
        """The keys of rows that differ; None where that can't be told of some row."""
        made = self.made[bound.mapping.name]
        with looking(self.project, self.move.targets) as target, self.source() as source:
            new = _ask(target, checksum.new_rows(bound, made, self.function, span))
            old = _ask(source, checksum.old_rows(source, self.old, bound, made, self.function, span))
        if new.too_large or old.too_large:
            return None
        ours, theirs = _digests(new.rows), _digests(old.rows)
        return [key for key in theirs.keys() | ours.keys() if theirs.get(key) != ours.get(key)]


@dataclass(frozen=True)
class Asked:
    """A side's answer. ``too_large``: a server lost some value for its size, which then looks like NULL on both sides."""

    rows: Sequence[Any]
    too_large: bool


def _ask(connection: sa.Connection, statement: str | sa.Executable) -> Asked:
    if isinstance(statement, str):
        result = connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
    else:
        result = connection.execute(statement)
    too_large = of(connection).has_too_large(connection, result)
    return Asked(result.all(), too_large)


def _sum(spans: Sequence[Span], old: Asked, new: Asked) -> Sum:
    theirs, ours = _grouped(old), _grouped(new)
    blind = old.too_large or new.too_large
    return Sum(
        sum(count for count, _ in theirs.values()),
        tuple(span for place, span in enumerate(spans) if blind or theirs[place] != ours[place]),
    )


def _grouped(asked: Asked) -> dict[int, tuple[int, str]]:
    return {int(part): (int(count), _text(total)) for part, count, total in asked.rows}


def _digests(rows: Sequence[Any]) -> dict[str, int]:
    """By key, its digest. A key that is there twice is told from one that is there once."""
    found: dict[str, int] = {}
    for key, digest in rows:
        name = _text(key)
        found[name] = found[name] + int(digest) if name in found else int(digest)
    return found


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, (bytes, bytearray)) else str(value)
