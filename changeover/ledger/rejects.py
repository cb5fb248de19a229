"""Rejects: rows that could not be moved, each with its key, column, reason and value, until they can be."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from changeover.ledger.clock import now
from changeover.ledger.crossed import noting
from changeover.ledger.tables import KeyText, mapping, range_, reject

RejectKind = Literal["value", "conflict", "waiting", "referenced"]
"""``value`` does not fit its column; ``conflict``: another row has a unique value or the identity; ``waiting`` for a parent that
isn't there; ``referenced``: the root is gone, but other rows refer to the target row."""

VALUE_LIMIT = 10_000
"""Characters of a rejected value that are kept; the old database still has the whole."""


@dataclass(frozen=True)
class Reject:
    """A row that was not moved, as the writer found it. ``value`` is the old text of the column, where one column is to blame;
    ``rival`` and ``holder`` are roots of the same mapping: the one that has its row, the one whose row has a unique value of it."""

    root_key: str
    column: str
    kind: RejectKind
    reason: str
    value: str | None = None
    rival: str | None = None
    holder: str | None = None


@dataclass(frozen=True)
class RejectRow:
    """A reject in the ledger."""

    id: int
    mapping: str
    target: str
    root: str
    root_key: str
    column: str
    kind: str
    reason: str
    value: str | None
    range_no: int | None
    attempts: int
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True)
class RejectCause:
    """How many rows of a mapping are rejected in a column for one reason, and the first of their keys.

    Reasons of conflicts and of rows that are referred to name keys: they count as one, which ``reason`` is an example of.
    """

    mapping: str
    column: str
    kind: str
    reason: str
    rows: int
    key: str


def settle(
    connection: sa.Connection,
    mapping_id: int,
    seen: Sequence[str],
    range_no: int | None,
    found: Sequence[Reject],
) -> None:
    """Make the rejects of the roots ``seen`` be exactly ``found``: what was mended goes, what is new comes, what stays ages.

    Parameters: ``seen`` are those among the roots just applied that had rejects or have some now.
    """
    if not seen:
        return
    known = {(row["root_key"], row["column_name"]): row for row in _of(connection, mapping_id, seen)}
    wanted = {(r.root_key, r.column): _printable(r) for r in found}
    at = now()
    new = [_row(mapping_id, range_no, r, at) for key, r in wanted.items() if key not in known]
    stay = {known[key]["id"]: (r, known[key]) for key, r in wanted.items() if key in known}
    gone = [row["id"] for row in known.values() if row["id"] not in stay]
    for part in _parts(gone):
        connection.execute(sa.delete(reject).where(reject.c.id.in_(part)))
    for part in _parts(list(stay)):
        _age(connection, {number: stay[number] for number in part}, at)
    if new:
        with noting():
            connection.execute(sa.insert(reject), new)


def _age(connection: sa.Connection, stay: dict[int, tuple[Reject, dict[str, Any]]], at: datetime) -> None:
    """What stays ages, in one statement: a driver would send one UPDATE for each."""
    values: dict[str, Any] = {"last_seen": at, "attempts": reject.c.attempts + 1}
    for name in ("kind", "reason", "value"):
        column = reject.c[name]
        changed = {n: getattr(r, name) for n, (r, row) in stay.items() if getattr(r, name) != row[name]}
        if changed:
            cases = [(reject.c.id == n, sa.literal(text, column.type)) for n, text in changed.items()]
            values[name] = sa.case(*cases, else_=column)
    connection.execute(sa.update(reject).where(reject.c.id.in_(list(stay))).values(values))


def referenced(connection: sa.Connection, mapping_id: int, keys: Sequence[str]) -> set[str]:
    """Those of the roots that are known to be gone while their rows had to stay."""
    found: set[str] = set()
    for part in _parts(list(keys)):
        statement = sa.select(reject.c.root_key).where(
            reject.c.mapping_id == mapping_id, reject.c.root_key.in_(part), reject.c.kind == "referenced"
        )
        found.update(connection.execute(statement).scalars())
    return found


def with_rejects(connection: sa.Connection, mapping_id: int, stage: str) -> list[str]:
    """The staged roots that have open rejects. ``stage`` is the quoted name of the stage."""
    statement = sa.text(
        f"SELECT DISTINCT r.root_key FROM changeover_reject r JOIN {stage} s ON r.root_key = s.k WHERE r.mapping_id = :m"
    )
    typed = statement.columns(sa.column("root_key", KeyText()))
    return list(connection.execute(typed, {"m": mapping_id}).scalars())


def open_count(
    connection: sa.Connection,
    mapping_id: int,
    *,
    range_no: int | None = None,
    kind: str | None = None,
) -> int:
    """How many roots of the mapping (in the range) have open rejects (of the kind)."""
    statement = sa.select(sa.func.count(sa.distinct(reject.c.root_key))).where(
        reject.c.mapping_id == mapping_id
    )
    if range_no is not None:
        statement = statement.where(reject.c.range_no == range_no)
    if kind is not None:
        statement = statement.where(reject.c.kind == kind)
    return int(connection.execute(statement).scalar_one())


def open_by_range(connection: sa.Connection, mapping_id: int) -> dict[int | None, int]:
    """How many roots of the mapping have open rejects, range by range; None are those that are in none."""
    statement = (
        sa.select(reject.c.range_no, sa.func.count(sa.distinct(reject.c.root_key)))
        .where(reject.c.mapping_id == mapping_id)
        .group_by(reject.c.range_no)
        .order_by(reject.c.range_no)
    )
    return {None if no is None else int(no): int(rows) for no, rows in connection.execute(statement)}


def standing_count(
    connection: sa.Connection, mapping_id: int, root: str, fingerprint: str, *, but: Sequence[str] = ()
) -> int:
    """How many roots the mapping, as it is now, has rejected (none that only wait in columns ``but``).

    Those of a range that was written by another version of the mapping, or that began again since they were found and has not
    come to them yet, are the former run's, and may be mended.
    """
    former = sa.exists().where(
        range_.c.root == root,
        range_.c.no == reject.c.range_no,
        sa.or_(range_.c.fingerprint != fingerprint, reject.c.last_seen < range_.c.started_at),
    )
    statement = sa.select(sa.func.count(sa.distinct(reject.c.root_key))).where(
        reject.c.mapping_id == mapping_id, sa.not_(former)
    )
    if but:
        statement = statement.where(
            sa.not_(sa.and_(reject.c.kind == "waiting", reject.c.column_name.in_(but)))
        )
    return int(connection.execute(statement).scalar_one())


def any_open(connection: sa.Connection, mapping_id: int) -> bool:
    """Whether the mapping has open rejects; costs one look at an index."""
    return (
        connection.execute(sa.select(sa.literal(1)).where(reject.c.mapping_id == mapping_id).limit(1)).first()
        is not None
    )


def keys(
    connection: sa.Connection,
    mapping_id: int,
    kinds: Sequence[str] | None = None,
    *,
    range_no: int | None = None,
    limit: int = 1000,
    after: str = "",
) -> list[str]:
    """Root keys with open rejects (of these kinds, in the range), in byte order, after ``after``: a page."""
    statement = (
        sa.select(reject.c.root_key)
        .where(reject.c.mapping_id == mapping_id)
        .distinct()
        .order_by(reject.c.root_key)
        .limit(limit)
    )
    if kinds:
        statement = statement.where(reject.c.kind.in_(list(kinds)))
    if range_no is not None:
        statement = statement.where(reject.c.range_no == range_no)
    if after:
        statement = statement.where(reject.c.root_key > after)
    return list(connection.execute(statement).scalars())


def open_rejects(
    connection: sa.Connection,
    *,
    mapping_name: str | None = None,
    target: str | None = None,
    kind: str | None = None,
    range_no: int | None = None,
    limit: int = 100,
    after_id: int = 0,
) -> list[RejectRow]:
    """A page of open rejects in the order in which they were found."""
    statement = (
        sa.select(reject, mapping.c.name.label("mapping_name"), mapping.c.target, mapping.c.root)
        .join(mapping, mapping.c.id == reject.c.mapping_id)
        .where(reject.c.id > after_id)
        .order_by(reject.c.id)
        .limit(limit)
    )
    for column, wanted in (
        (mapping.c.name, mapping_name),
        (mapping.c.target, target),
        (reject.c.kind, kind),
        (reject.c.range_no, range_no),
    ):
        if wanted is not None:
            statement = statement.where(column == wanted)
    return [_reject_row(row) for row in connection.execute(statement).mappings()]


def causes(
    connection: sa.Connection, mappings: Collection[str], kind: str | None = None
) -> list[RejectCause]:
    """The open rejects of some mappings (of the kind) by column and reason: mapping by mapping, what most rows have first."""
    alike = sa.case((reject.c.kind.in_(("value", "waiting")), reject.c.reason), else_="")
    statement = (
        sa.select(
            mapping.c.name,
            reject.c.column_name,
            reject.c.kind,
            sa.func.min(reject.c.reason),
            sa.func.count(sa.distinct(reject.c.root_key)).label("rows"),
            sa.func.min(reject.c.id).label("first"),
        )
        .join(mapping, mapping.c.id == reject.c.mapping_id)
        .where(mapping.c.name.in_(list(mappings)))
        .group_by(mapping.c.name, reject.c.column_name, reject.c.kind, alike)
    )
    if kind is not None:
        statement = statement.where(reject.c.kind == kind)
    grouped = statement.subquery()
    found = (
        sa.select(grouped, reject.c.root_key)
        .join(reject, reject.c.id == grouped.c.first)
        .order_by(grouped.c.name, grouped.c.rows.desc(), grouped.c.column_name, grouped.c.first)
    )
    return [
        RejectCause(name, column, of_kind, reason, int(rows), key)
        for name, column, of_kind, reason, rows, _, key in connection.execute(found)
    ]


def counts(connection: sa.Connection) -> dict[str, dict[str, int]]:
    """Open rejected roots by mapping's name and kind."""
    statement = (
        sa.select(mapping.c.name, reject.c.kind, sa.func.count(sa.distinct(reject.c.root_key)))
        .join(mapping, mapping.c.id == reject.c.mapping_id)
        .group_by(mapping.c.name, reject.c.kind)
    )
    found: dict[str, dict[str, int]] = {}
    for name, kind, number in connection.execute(statement).all():
        found.setdefault(str(name), {})[str(kind)] = int(number)
    return found


def _of(connection: sa.Connection, mapping_id: int, seen: Sequence[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for part in _parts(list(seen)):
        statement = sa.select(reject).where(reject.c.mapping_id == mapping_id, reject.c.root_key.in_(part))
        rows.extend(dict(row) for row in connection.execute(statement).mappings())
    return rows


def _printable(found: Reject) -> Reject:
    # PostgreSQL holds no U+0000.
    if "\0" not in (found.value or "") + found.reason:
        return found
    value = None if found.value is None else found.value.replace("\0", "\\0")
    return replace(found, value=value, reason=found.reason.replace("\0", "\\0"))


def _parts(items: list[Any], size: int = 500) -> list[list[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _row(mapping_id: int, range_no: int | None, found: Reject, at: datetime) -> dict[str, Any]:
    return {
        "mapping_id": mapping_id,
        "root_key": found.root_key,
        "column_name": found.column,
        "kind": found.kind,
        "reason": found.reason,
        "value": found.value,
        "range_no": range_no,
        "attempts": 1,
        "first_seen": at,
        "last_seen": at,
    }


def _reject_row(row: Any) -> RejectRow:
    return RejectRow(
        id=int(row["id"]),
        mapping=row["mapping_name"],
        target=row["target"],
        root=row["root"],
        root_key=row["root_key"],
        column=row["column_name"],
        kind=row["kind"],
        reason=row["reason"],
        value=row["value"],
        range_no=row["range_no"],
        attempts=int(row["attempts"]),
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
    )
