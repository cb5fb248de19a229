"""Findings: roots whose target rows are not what they should be, until they are mended or turn out to be right."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from changeover.ledger.clock import now
from changeover.ledger.tables import KeyText, mapping
from changeover.ledger.tables import drift as table

KEYS_AT_ONCE = 500

MORE = "more"
"""The kind of a finding that stands for those of a range that are not listed: its columns are their kinds, with how many."""
_MORE_KEY = "\ufdd0more {}"
"""Its key: of a range, and of no row, since no text begins with this character."""
_ROW_KEY = "\ufdd0row "
"""Begins the key of a finding that no root leads to: the target row's own key follows."""

State = Literal["open", "mended", "gone"]
"""``mended`` by a resync, or by copying its range again; or ``gone`` by itself: found right when it was looked at again."""


@dataclass(frozen=True)
class Finding:
    """A root, of the mapping with this number, whose target row is missing, extra or different in some columns."""

    mapping_id: int
    range_no: int
    key: str
    kind: str
    columns: tuple[str, ...]
    first_seen: datetime
    last_seen: datetime
    verification_id: int
    state: State = "open"
    closed_at: datetime | None = None

    @property
    def row(self) -> str | None:
        """The target row's key, where no root leads to it."""
        return self.key.removeprefix(_ROW_KEY) if self.key.startswith(_ROW_KEY) else None

    @property
    def shown(self) -> str:
        """The key as a person reads it: the root's, or the target row's that has none."""
        return shown(self.key)

    @property
    def counts(self) -> dict[str, int]:
        """How many rows it stands for, by kind."""
        if self.kind != MORE:
            return {self.kind: 1}
        return {kind: int(rows) for kind, rows in (text.split(" ") for text in self.columns)}

    @property
    def rows(self) -> int:
        """How many rows it stands for."""
        return sum(self.counts.values())


def shown(key: str) -> str:
    """A finding's key as a person reads it."""
    return f"(none) row {key.removeprefix(_ROW_KEY)}" if key.startswith(_ROW_KEY) else key


def key_of_row(target_key: str) -> str:
    """The key of a finding of a target row that no root leads to."""
    return _ROW_KEY + target_key


def note(
    connection: sa.Connection,
    mapping_id: int,
    range_no: int,
    verification: int,
    found: Sequence[tuple[str, str, tuple[str, ...]]],
    more: Mapping[str, int],
    others: State = "gone",
) -> None:
    """Write what was found of a range, as (key, kind, columns): new ones open, known ones seen again, all others of the range over.

    Parameters: ``more`` counts, by kind, rows that are not listed; ``others`` is what has become of the others.
    """
    at = now()
    if any(more.values()):
        counts = tuple(f"{kind} {rows}" for kind, rows in sorted(more.items()) if rows)
        found = [*found, (_MORE_KEY.format(range_no), MORE, counts)]
    known = {
        one.key: one for one in findings(connection, mapping_id=mapping_id, range_no=range_no, more=True)
    }
    rows = [
        {
            "mapping_id": mapping_id,
            "root_key": key,
            "range_no": range_no,
            "kind": kind,
            "column_names": json.dumps(list(columns)),
            "state": "open",
            "verification_id": verification,
            "first_seen": known[key].first_seen if key in known else at,
            "last_seen": at,
            "closed_at": None,
        }
        for key, kind, columns in found
    ]
    _replace(connection, mapping_id, rows)
    close(connection, mapping_id, sorted(known.keys() - {key for key, _, _ in found}), others)


def close(connection: sa.Connection, mapping_id: int, keys: Sequence[str], state: State) -> None:
    """These roots' findings are over."""
    for start in range(0, len(keys), KEYS_AT_ONCE):
        part = keys[start : start + KEYS_AT_ONCE]
        connection.execute(
            sa.update(table)
            .where(_is(mapping_id, part), table.c.state == "open")
            .values(state=state, closed_at=now())
        )


def copied(connection: sa.Connection, root: str, range_no: int, since: datetime) -> None:
    """A walk over the range that began ``since`` has ended: it made every row what its root says, or rejected it, so what was found
    before is over. What was found meanwhile may be of rows that the walk had passed, and stays open."""
    mine = sa.select(mapping.c.id).where(mapping.c.root == root)
    before = sa.and_(table.c.range_no == range_no, table.c.state == "open", table.c.last_seen < since)
    connection.execute(
        sa.update(table).where(table.c.mapping_id.in_(mine), before).values(state="mended", closed_at=now())
    )


def findings(
    connection: sa.Connection,
    *,
    mapping_id: int | None = None,
    range_no: int | None = None,
    states: Iterable[State] = ("open",),
    since: datetime | None = None,
    after: tuple[int, str] | None = None,
    limit: int | None = None,
    more: bool | None = False,
) -> list[Finding]:
    """Findings by mapping and key, the open ones by default; those closed before ``since`` are left out.

    Parameters: ``more`` also gives those that stand for what is not listed; None gives these alone.
    """
    statement = sa.select(table).where(table.c.state.in_(list(states)))
    if more is not True:
        statement = statement.where(table.c.kind != MORE if more is False else table.c.kind == MORE)
    if mapping_id is not None:
        statement = statement.where(table.c.mapping_id == mapping_id)
    if range_no is not None:
        statement = statement.where(table.c.range_no == range_no)
    if since is not None:
        statement = statement.where(sa.or_(table.c.closed_at.is_(None), table.c.closed_at >= since))
    if after is not None:
        number, key = after
        bound = sa.bindparam("after_key", key, KeyText())
        statement = statement.where(
            sa.or_(
                table.c.mapping_id > number, sa.and_(table.c.mapping_id == number, table.c.root_key > bound)
            )
        )
    statement = statement.order_by(table.c.mapping_id, table.c.root_key)
    if limit is not None:
        statement = statement.limit(limit)
    return [_finding(row) for row in connection.execute(statement).mappings()]


def open_counts(connection: sa.Connection) -> dict[str, int]:
    """Open findings by target; targets without any are left out."""
    return _open_counts(connection, mapping.c.target)


def open_counts_by_root(connection: sa.Connection) -> dict[str, int]:
    """Open findings by root; roots without any are left out."""
    return _open_counts(connection, mapping.c.root)


def _open_counts(connection: sa.Connection, by: sa.ColumnElement[str]) -> dict[str, int]:
    joined = sa.select(by, table.c.mapping_id).join(table, table.c.mapping_id == mapping.c.id)
    listed = (
        joined.with_only_columns(by, sa.func.count())
        .where(table.c.state == "open", table.c.kind != MORE)
        .group_by(by)
    )
    counts = Counter({str(name): int(rows) for name, rows in connection.execute(listed)})
    names = {int(number): str(name) for name, number in connection.execute(joined.distinct())}
    for one in findings(connection, more=None):
        counts[names[one.mapping_id]] += one.rows
    return dict(counts)


@dataclass(frozen=True)
class Counted:
    """A mapping's open findings that are alike: of a range, a kind, and the columns that differ."""

    range_no: int
    kind: str
    columns: tuple[str, ...]
    rows: int


def counted(connection: sa.Connection, mapping_id: int) -> list[Counted]:
    """How many open findings a mapping has, however many these are."""
    alike = (table.c.range_no, table.c.kind, table.c.column_names)
    statement = (
        sa.select(*alike, sa.func.count())
        .where(table.c.mapping_id == mapping_id, table.c.state == "open", table.c.kind != MORE)
        .group_by(*alike)
    )
    listed = [
        Counted(int(no), kind, tuple(json.loads(columns)), int(rows))
        for no, kind, columns, rows in connection.execute(statement)
    ]
    rest = findings(connection, mapping_id=mapping_id, more=None)
    return [
        *listed,
        *(Counted(one.range_no, kind, (), rows) for one in rest for kind, rows in one.counts.items()),
    ]


def digest(found: Sequence[Finding]) -> str | None:
    """The same text for the same findings: what is found again after it was mended is another finding, by its time."""
    if not found:
        return None
    made = hashlib.sha256()
    for one in sorted(found, key=lambda f: (f.mapping_id, f.key)):
        at = one.first_seen.isoformat()
        made.update(json.dumps([one.mapping_id, one.key, one.kind, one.columns, at]).encode())
    return made.hexdigest()


def _replace(connection: sa.Connection, mapping_id: int, rows: list[dict[str, Any]]) -> None:
    """Insert, in the place of earlier findings of the same roots."""
    for start in range(0, len(rows), KEYS_AT_ONCE):
        part = rows[start : start + KEYS_AT_ONCE]
        connection.execute(sa.delete(table).where(_is(mapping_id, [row["root_key"] for row in part])))
        connection.execute(sa.insert(table), part)


def _is(mapping_id: int, keys: Sequence[str]) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.mapping_id == mapping_id, table.c.root_key.in_(list(keys)))


def _finding(row: Any) -> Finding:
    return Finding(
        mapping_id=int(row["mapping_id"]),
        range_no=int(row["range_no"]),
        key=row["root_key"],
        kind=row["kind"],
        columns=tuple(json.loads(row["column_names"])),
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        verification_id=int(row["verification_id"]),
        state=row["state"],
        closed_at=row["closed_at"],
    )
