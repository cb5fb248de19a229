"""Asking both sides for checksums, and narrowing a difference down to the keys of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from changeover.binding import Bound, Move
from changeover.drift import checksum
from changeover.drift.fields import Fields, fields, not_pushed_down
from changeover.project import Project
from changeover.transfer.chunk import Keys, Selection, Span
from changeover.transfer.looking import looking

MD5 = "md5"
MOST_KEYS = 2_000
"""Of rows that differ in a part of a span: beyond it, the part is compared as a whole."""


@dataclass(frozen=True)
class Sum:
    """Of a span's rows on the old side: how many, and whether the new side's sum is the same."""

    rows: int
    same: bool


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
        if self.old.family != self.project.dialect.family:
            return MD5
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
            new = {
                b.mapping.name: _one(
                    target, checksum.new_sums(b, self.made[b.mapping.name], self.function, span)
                )
                for b in bounds
            }
            found: dict[str, Sum] = {}
            for b in bounds:
                name = b.mapping.name
                asked = checksum.old_sums(source, self.old, b, self.made[name], self.function, span)
                ((rows, total),) = source.execute(asked).all()
                found[name] = Sum(int(rows), (int(rows), _text(total)) == new[name])
            return found

    def narrowed(self, bound: Bound, span: Span) -> list[Selection]:
        """What is to be compared by value of a span whose sums differ: keys of rows, or parts in which most rows differ."""
        cut = checksum.parts(bound, span)
        spans = [span] if cut is None else self._parts(bound, cut)
        found: list[Selection] = []
        keys: list[str] = []
        for part in spans:
            differing = self._rows(bound, part)
            if len(differing) > MOST_KEYS:
                found.append(part)
            else:
                keys += differing
        return [*found, Keys(tuple(keys))] if keys else found

    def _parts(self, bound: Bound, cut: checksum.Parts) -> list[Span]:
        made = self.made[bound.mapping.name]
        with looking(self.project, self.move.targets) as target, self.source() as source:
            new = _grouped(_run(target, checksum.new_parts(bound, made, self.function, cut)))
            statement = checksum.old_parts(source, self.old, bound, made, self.function, cut)
            old = _grouped(source.execute(statement).all())
        return [cut.part(n) for n in sorted(old.keys() | new.keys()) if old.get(n) != new.get(n)]

    def _rows(self, bound: Bound, span: Span) -> list[str]:
        made = self.made[bound.mapping.name]
        with looking(self.project, self.move.targets) as target, self.source() as source:
            new = _digests(_run(target, checksum.new_rows(bound, made, self.function, span)))
            statement = checksum.old_rows(source, self.old, bound, made, self.function, span)
            old = _digests(source.execute(statement).all())
        return [key for key in old.keys() | new.keys() if old.get(key) != new.get(key)]


def _run(connection: sa.Connection, statement: str) -> Sequence[Any]:
    return connection.exec_driver_sql(statement, execution_options={"no_parameters": True}).all()


def _one(connection: sa.Connection, statement: str) -> tuple[int, str]:
    ((rows, total),) = _run(connection, statement)
    return int(rows), _text(total)


def _grouped(rows: Sequence[Any]) -> dict[int, tuple[int, str]]:
    return {int(part): (int(count), _text(total)) for part, count, total in rows}


def _digests(rows: Sequence[Any]) -> dict[str, int]:
    """By key, its digest. A key that is there twice is told from one that is there once."""
    found: dict[str, int] = {}
    for key, digest in rows:
        name = _text(key)
        found[name] = found[name] + int(digest) if name in found else int(digest)
    return found


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, (bytes, bytearray)) else str(value)
