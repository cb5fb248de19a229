"""Which staged rows can't be stored, in which column, and why: each question is one statement over the whole stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from changeover.binding import Bound, BoundColumn, BoundLookup
from changeover.ledger.rejects import VALUE_LIMIT, Reject
from changeover.mapping.marks import REASONS
from changeover.transfer import sql
from changeover.transfer.aside import moving
from changeover.transfer.in_order import hanging
from changeover.transfer.remove import roots_of
from changeover.transfer.statements import key_text, rows
from changeover.transfer.target_key import shown_key, stored_key
from changeover.types import postgres_probe
from changeover.types.base import Misfit
from changeover.types.written import MARK, is_marked

COLUMNS = 400
"""Columns in one question, which takes two values for each: PostgreSQL selects 1,664 at the most."""


def guards(connection: sa.Connection, bound: Bound) -> list[Reject]:
    """Rows that have to be found before writing: marked ones, and all misfits where the new database stores anything."""
    parsed = [column for lookup in bound.lookups for column in lookup.parsed]
    if parsed:
        _prepare(connection, bound)
    found = _misfits(connection, bound, parsed)
    if bound.dialect.lenient:
        return found + _misfits(connection, bound, _plain(bound))
    marked = [column for column in _plain(bound) if column.marked]
    return found + _misfits(connection, bound, marked, marks_only=True)


def diagnose(connection: sa.Connection, bound: Bound, *, aside: bool = False) -> list[Reject]:
    """Rows to blame for a failed write: twins, then values, then missing parents, then unique conflicts.

    Empty when none explains it. ``aside``: unique values that change hands were put aside, and are no conflict.
    """
    _prepare(connection, bound)
    return (
        twins(connection, bound)
        or _misfits(connection, bound, _plain(bound))
        or _missing(connection, bound)
        or lost(connection, bound, own=False)
        or _orphans(connection, bound)
        or hanging(connection, bound)
        or _conflicts(connection, bound, aside=aside)
    )


def unlike(connection: sa.Connection, bound: Bound) -> list[Reject]:
    """Rows that were written without complaint, and hold something else than was staged, or are not there."""
    columns, found = sql.verified(bound), list[Reject]()
    for start in range(0, len(columns), COLUMNS):
        part = columns[start : start + COLUMNS]
        for key, *rest in rows(connection, sql.different(bound, part)):
            for column, flag, value in zip(part, rest[: len(part)], rest[len(part) :], strict=True):
                if flag:
                    found.append(_reject(key, column.name, "it was stored as another value", value))
    known = {reject.root_key for reject in found}
    absent = (key for key, missing in rows(connection, sql.wrong(bound)) if missing and key not in known)
    return found + [Reject(key, "", "value", "the new database did not keep its row") for key in absent]


def lost(connection: sa.Connection, bound: Bound, *, own: bool) -> list[Reject]:
    """Rows whose parent is not there (yet), by lookups of the target itself or of other tables."""
    statement = sql.own_unresolved(bound) if own else sql.unresolved(bound)
    if statement is None:
        return []
    return _waiting(connection, statement, sql.needed(bound, own=own), "")


def lacking(connection: sa.Connection, bound: Bound) -> list[Reject]:
    """Rows that were written without a parent which is to come."""
    statement = sql.lacking(bound)
    if statement is None:
        return []
    lookups = [lookup for lookup in bound.lookups if lookup.later]
    return _waiting(connection, statement, lookups, "; the column is NULL until then")


def _waiting(
    connection: sa.Connection, statement: str, lookups: Sequence[BoundLookup], meanwhile: str
) -> list[Reject]:
    return [
        Reject(key, lookup.column, "waiting", f"no row of {lookup.parent} is there for it yet{meanwhile}")
        for key, *flags in rows(connection, statement)
        for lookup, flag in zip(lookups, flags, strict=True)
        if flag
    ]


def twins(connection: sa.Connection, bound: Bound) -> list[Reject]:
    """Keys that several staged rows have. The old database promised that there are none, and does not always keep it: tables
    that inherit from the root have keys of their own, and an SQLite column may hold both 1 and '1'."""
    found = rows(
        connection, f"SELECT s.k, COUNT(*) FROM {sql.stage(bound)} AS s GROUP BY s.k HAVING COUNT(*) > 1"
    )
    return [
        Reject(key, "", "conflict", f"{number} rows of {bound.mapping.root_name} have this key")
        for key, number in found
    ]


def _prepare(connection: sa.Connection, bound: Bound) -> None:
    if bound.dialect.family == "postgresql":
        connection.exec_driver_sql(postgres_probe.CREATE, execution_options={"no_parameters": True})


def _missing(connection: sa.Connection, bound: Bound) -> list[Reject]:
    """Rows that name no parent where the column must have one."""
    needed = {c.name for c in bound.columns if c.lookup and not c.nullable}
    return [
        Reject(row[0], lookup.column, "value", "it is NULL and the column must not be")
        for lookup in bound.lookups
        if lookup.column in needed
        for row in rows(connection, f"SELECT s.k FROM {sql.stage(bound)} AS s WHERE NOT ({lookup.given})")
    ]


def _plain(bound: Bound) -> list[BoundColumn]:
    return [column for column in bound.columns if not column.lookup]


def _misfits(
    connection: sa.Connection, bound: Bound, columns: list[BoundColumn], *, marks_only: bool = False
) -> list[Reject]:
    """The first misfit of each column, in one pass over the stage for `COLUMNS` of them."""
    asked = [(column, _reasons(bound, column, marks_only)) for column in columns]
    asked = [(column, reasons) for column, reasons in asked if reasons]
    found: list[Reject] = []
    for start in range(0, len(asked), COLUMNS):
        found += _misfits_of(connection, bound, asked[start : start + COLUMNS])
    return found


def _misfits_of(
    connection: sa.Connection, bound: Bound, asked: list[tuple[BoundColumn, list[Misfit]]]
) -> list[Reject]:
    flags = [
        f"CASE {' '.join(f'WHEN {m.predicate} THEN {n}' for n, m in enumerate(reasons, 1))} ELSE 0 END"
        for _, reasons in asked
    ]
    inner = ", ".join(f"{flag} AS f{n}" for n, flag in enumerate(flags))
    texts = ", ".join(f"CASE WHEN f{n} > 0 THEN v{n} END" for n in range(len(asked)))
    bad = sql.either([f"f{n} > 0" for n in range(len(asked))])
    names = ", ".join(f"{column.text} AS v{n}" for n, (column, _) in enumerate(asked))
    found = rows(
        connection,
        f"SELECT k, {', '.join(f'f{n}' for n in range(len(asked)))}, {texts} FROM "
        f"(SELECT s.k AS k, {names}, {inner} FROM {sql.stage(bound)} AS s) AS q WHERE {bad}",
    )
    rejects: list[Reject] = []
    for key, *rest in found:
        numbers, values = rest[: len(asked)], rest[len(asked) :]
        for (column, reasons), number, value in zip(asked, numbers, values, strict=True):
            if number:
                rejects.append(_reject(key, column.name, reasons[int(number) - 1].reason, value))
    return rejects


def _reasons(bound: Bound, column: BoundColumn, marks_only: bool) -> list[Misfit]:
    family = bound.dialect.family
    reasons = [Misfit(is_marked(column.text, family), "the old database could not write it as text")]
    if marks_only:
        return reasons
    if not column.nullable:
        reasons.append(Misfit(f"{column.text} IS NULL", "it is NULL and the column must not be"))
    return reasons + [
        Misfit(f"({column.text} IS NOT NULL AND {m.predicate})", m.reason)
        for m in column.kind.misfits(column.text, family)
    ]


def _reject(key: str, column: str, reason: str, value: Any) -> Reject:
    text = None if value is None else key_text(value)
    if text and text.startswith(MARK):
        for mark, why in REASONS.items():
            if text.startswith(mark):
                return Reject(key, column, "value", why, text[len(mark) :][:VALUE_LIMIT])
        text = text[len(MARK) :]
    return Reject(key, column, "value", reason, text[:VALUE_LIMIT] if text is not None else None)


def _orphans(connection: sa.Connection, bound: Bound) -> list[Reject]:
    """Rows whose foreign key, copied as it is, leads to no row. The rows of a split find their parent this way."""
    plain = {column.name: column for column in _plain(bound)}
    found: list[Reject] = []
    for key in bound.new.foreign_keys:
        if not set(key.columns) <= set(plain) or key.parent == bound.new.table:
            continue
        values = sql.comparables(bound, key.columns)
        on = " AND ".join(
            f"p.{bound.dialect.quote(name)} = {value}"
            for name, value in zip(key.parent_columns, values, strict=True)
        )
        given = " AND ".join(f"{plain[name].text} IS NOT NULL" for name in key.columns)
        statement = (
            f"SELECT s.k FROM {sql.stage(bound)} AS s LEFT JOIN {bound.dialect.table(key.parent)} AS p ON {on} "
            f"WHERE {given} AND p.{bound.dialect.quote(key.parent_columns[0])} IS NULL"
        )
        found.extend(
            Reject(row[0], key.columns[0], "waiting", f"no row of {key.parent} is there for it yet")
            for row in rows(connection, statement)
        )
    return found


def dangling(connection: sa.Connection, bound: Bound) -> list[Reject]:
    """Rows as they are stored whose foreign keys lead to no row, where the database says so at the commit only."""
    found: list[Reject] = []
    for key in bound.new.foreign_keys:
        reason = f"no row of {key.parent} is there for it yet"
        found += [
            Reject(row[0], key.columns[0], "waiting", reason)
            for row in rows(connection, sql.dangling(bound, key))
        ]
    return found


def _conflicts(connection: sa.Connection, bound: Bound, *, aside: bool) -> list[Reject]:
    """Rows that share a unique value with another row of the target, or with an earlier row of the stage."""
    found: dict[str, Reject] = {}
    made = {column.name for column in bound.columns}
    uniques = [names for names in bound.new.uniques if set(names) <= made]
    if bound.identity != "direct" and set(bound.identity_columns) <= made:
        uniques.append(bound.identity_columns)
    for names in uniques:
        listed = ", ".join(names)
        free = moving(connection, bound, names) if aside else set[str]()
        held = _held(connection, bound, names)
        roots = roots_of(connection, bound, {row for *_, row in held})
        for key, other, row in held:
            if other in free:
                continue
            found.setdefault(
                key,
                Reject(
                    key,
                    names[0],
                    "conflict",
                    f"row {other} of {bound.mapping.target} has the same ({listed}) as root {key}",
                    holder=roots.get(row),
                ),
            )
        for key, other in _doubled(connection, bound, names):
            found.setdefault(
                key,
                Reject(key, names[0], "conflict", f"root {other} and root {key} have the same ({listed})"),
            )
    return list(found.values())


def _held(connection: sa.Connection, bound: Bound, names: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """Keys of staged rows whose values another row has, with its key, as it is shown and as the id map has it."""
    # The id map's links are rolled back with the failed write: a root without one has no row of its own yet.
    source = sql.source(bound, unlinked=True)
    own = (
        f"({sql.identity(bound)})"
        if bound.identity != "assigned"
        else f"(i.target_id IS NOT NULL AND {sql.identity(bound)})"
    )
    found = rows(
        connection,
        f"SELECT s.k, MIN({shown_key(bound)}), MIN({stored_key(bound)}) FROM {source} "
        f"JOIN {bound.dialect.table(bound.new.table)} AS t ON {sql.match(bound, names)} WHERE NOT {own} GROUP BY s.k",
    )
    return [(key, key_text(shown), key_text(stored)) for key, shown, stored in found]


def _doubled(connection: sa.Connection, bound: Bound, names: tuple[str, ...]) -> list[tuple[str, str]]:
    source = sql.source(bound, unlinked=True)
    values = sql.comparables(bound, names)
    window = f"OVER (PARTITION BY {', '.join(values)} ORDER BY s.k)"
    given = " AND ".join(f"{value} IS NOT NULL" for value in values)
    inner = f"SELECT s.k AS k, FIRST_VALUE(s.k) {window} AS first, ROW_NUMBER() {window} AS place FROM {source} WHERE {given}"
    return [
        (key, key_text(first))
        for key, first in rows(connection, f"SELECT q.k, q.first FROM ({inner}) AS q WHERE q.place > 1")
    ]
