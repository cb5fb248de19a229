"""Sync without triggers: roots that a high-water column says are new or changed, asked for now and then.

For an old database that may only be read. What it can't see is stated wherever it is shown: deletes, changes that leave the column
as it is, changes of joined tables, and transactions that commit later than the overlap after they wrote the column. Running
ranges again (`changeover backfill --again`) makes these good.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from changeover.binding import Move
from changeover.capture.highest import noting
from changeover.errors import MappingError
from changeover.keyset.key import Key, KeyColumn, KeyValues
from changeover.ledger import ranges
from changeover.ledger import sync as ledger
from changeover.project import Project
from changeover.transfer.by_keys import apply_keys, fitting
from changeover.transfer.id_pool import Pool
from changeover.transfer.reapply import reapply_waiting
from changeover.types.integer import Integer
from changeover.types.moment import Moment

PAGE = 2_000
OVERLAP = timedelta(minutes=10)
"""Read again by each sweep: a transaction that wrote the column and committed later than the last sweep read."""
OVERLAP_NUMBERS = 1_000
"""The same for a column of numbers, such as a key that only grows."""


@dataclass(frozen=True)
class Swept:
    """A sweep of one root: how many roots were read and applied, and what that did."""

    root: str
    keys_applied: int
    inserted: int
    updated: int
    deleted: int
    rejected: int


def can_sweep(move: Move) -> bool:
    """Whether the root's mappings name a high-water column."""
    return any(bound.mapping.high_water is not None for bound in move.bounds)


def sweep(project: Project, root: str, *, stop: threading.Event, overlap: timedelta = OVERLAP) -> Swept:
    """Apply the roots at or above the last sweep's high water, less the overlap.

    The first sweep only notes the column's highest value, if nothing has been copied yet: what is below it is the backfill's. If
    something has, it reads all of the column.
    Raises: MappingError when no usable high-water column is declared.
    """
    move = project.move(root)
    column = _column(move)
    with project.reading() as connection:
        last = ledger.high_water(connection, root)
        copied = any(found.attempts for found in ranges.ranges_of(connection, root))
    counts: dict[str, int] = dict.fromkeys(ledger.COUNTS, 0)
    pool, size, recording = Pool(), fitting(move), partial(noting, move)
    if last is None and not copied:
        _note(project, root, _highest(project, move, column), counts)
        _ended(project, root)
        return Swept(root, **counts)
    for water, keys in _pages(project, move, column, _less(column, last, overlap)):
        if stop.is_set():
            break
        page: dict[str, int] = dict.fromkeys(ledger.COUNTS, 0)
        for part in apply_keys(
            project, move, keys, pool, stop, size=size, recording=recording, exclusive=True
        ):
            page["keys_applied"] += len(part.keys)
            for name in ledger.COUNTS[1:]:
                page[name] += getattr(part.applied, name)
        counts = {name: number + page[name] for name, number in counts.items()}
        _note(project, root, water, page)
    reapply_waiting(project, move, pool, stop=stop)
    if not stop.is_set():
        _ended(project, root)
    return Swept(root, **counts)


def _column(move: Move) -> KeyColumn:
    declared = next((b.mapping.high_water for b in move.bounds if b.mapping.high_water is not None), None)
    where = f"mapping {move.mapping.name}"
    if declared is None:
        raise MappingError(
            f"{where}: no high-water column is declared: name the column that grows with each change, high_water=table.updated_at"
        )
    shape = move.bounds[0].old.column(declared.name) if isinstance(declared, sa.ColumnClause) else None
    if shape is None:
        raise MappingError(f"{where}: high_water must be a column of {move.root}")
    if not isinstance(shape.kind, (Integer, Moment)):
        raise MappingError(
            f"{where}, column {shape.name}: a high-water column is a number, a date or a time; this one is not"
        )
    return KeyColumn(shape.name, shape.kind, shape.type)


def _highest(project: Project, move: Move, column: KeyColumn) -> str | None:
    root = move.mapping.root
    highest = sa.select(sa.func.max(root[column.name]).label(column.name)).select_from(root.from_).subquery()
    statement = sa.select(column.kind.text(highest.c[column.name], move.key.family, column.kind))
    with project.old[move.database].engine.connect() as source:
        return _text(source.execute(statement).scalar())


def _less(column: KeyColumn, water: str | None, overlap: timedelta) -> str | None:
    if water is None:
        return None
    value: Any = column.kind.parse(water)
    if isinstance(value, str):  # a date that Python has no word for
        return water
    if isinstance(column.kind, Integer):
        return str(max(column.kind.low, value - OVERLAP_NUMBERS))
    return column.kind.format(value - overlap)


def _pages(
    project: Project, move: Move, column: KeyColumn, start: str | None
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Pages of encoded root keys in the column's order, each with the highest value in it."""
    schema, root, key = project.old[move.database], move.mapping.root, move.key
    only = Key((column,), key.family)
    both = Key((column, *(c for c in key.columns if c.name != column.name)), key.family)
    water = root[column.name]
    after: KeyValues | None = None
    while True:
        columns = both.of(root)
        statement = (
            sa.select(key.encoded(root), *both.texts(root))
            .select_from(root.from_)
            .where(water.is_not(None))
            .order_by(*columns)
            .limit(PAGE)
        )
        if start is not None:
            statement = statement.where(water >= only.literals((start,))[0])
        if after is not None:
            statement = statement.where(schema.dialect.after(columns, both.literals(after)))
        with schema.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as source:
            found = [tuple(_text(value) or "" for value in row) for row in source.execute(statement)]
        if found:
            after = found[-1][1:]
            yield found[-1][1], tuple(row[0] for row in found)
        if len(found) < PAGE:
            return


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return value.decode() if isinstance(value, (bytes, bytearray)) else str(value)


def _note(project: Project, root: str, water: str | None, counts: dict[str, int]) -> None:
    with project.new.engine.begin() as connection:
        ledger.sweep_done(connection, root, water, counts)


def _ended(project: Project, root: str) -> None:
    with project.new.engine.begin() as connection:
        ledger.sweep_ended(connection, root)
