"""What was verified: passes over the ranges, and for each range and mapping when, how, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from changeover.ledger.clock import now
from changeover.ledger.drift import open_counts_by_root
from changeover.ledger.tables import drift, mapping, verification
from changeover.ledger.tables import verified as table
from changeover.ledger.whole import WHOLE

Depth = Literal["checksums", "values"]
"""``checksums``: rows are compared value by value where the sums of their ranges differ. ``values``: all are."""
Result = Literal["equal", "drift", "mended", "hot", "failed", "copied"]
"""``mended``: what drifted was mended, and found right after that. ``hot``: nothing is known to be wrong, but changes of some rows
were under way each time they were looked at. ``copied``: the range was begun to be copied again since, so nothing of it is
compared."""


@dataclass(frozen=True)
class Verified:
    """A range, for one mapping, as it was looked at last. ``compared`` counts the rows that the old side says there should be, less
    those that could not be compared: the ``rejected`` and the ``hot``."""

    mapping_id: int
    range_no: int
    verification_id: int
    depth: Depth
    result: Result
    fingerprint: str
    compared: int
    by_value: int
    missing: int
    extra: int
    different: int
    rejected: int
    hot: int
    digest: str | None
    seconds: float
    started_at: datetime
    finished_at: datetime
    error: str | None

    def is_of(self, one: Pass) -> bool:
        """It was looked at since the pass began, and as deep, whoever did."""
        return self.started_at >= one.started_at and self.depth in (one.depth, "values")

    @property
    def drifted(self) -> int:
        """Rows that differ, in any way."""
        return self.missing + self.extra + self.different


@dataclass(frozen=True)
class Pass:
    """A pass of verification. One that was interrupted is gone on with: ranges that it has done are not looked at again."""

    id: int
    scope: str
    depth: Depth
    started_at: datetime
    resumed: bool


def begin(connection: sa.Connection, scope: str, depth: Depth) -> Pass:
    """The unfinished pass of this scope and depth, or a new one."""
    where = sa.and_(
        verification.c.scope == scope, verification.c.depth == depth, verification.c.finished_at.is_(None)
    )
    row = connection.execute(
        sa.select(verification.c.id, verification.c.started_at)
        .where(where)
        .order_by(verification.c.id.desc())
        .limit(1)
    ).first()
    if row is not None:
        return Pass(int(row[0]), scope, depth, row[1], resumed=True)
    at = now()
    made = connection.execute(sa.insert(verification).values(scope=scope, depth=depth, started_at=at))
    key = made.inserted_primary_key
    assert key is not None
    return Pass(int(key[0]), scope, depth, at, resumed=False)


def finish(connection: sa.Connection, one: Pass) -> None:
    """The pass has looked at all that it was to look at."""
    connection.execute(sa.update(verification).where(verification.c.id == one.id).values(finished_at=now()))


def record(connection: sa.Connection, found: Verified) -> None:
    """Put a range's result in the place of the last one."""
    values = {name: getattr(found, name) for name in table.c.keys()}  # noqa: SIM118 - columns, not keys
    where = sa.and_(table.c.mapping_id == found.mapping_id, table.c.range_no == found.range_no)
    if connection.execute(sa.update(table).where(where).values(**values)).rowcount == 0:
        connection.execute(sa.insert(table).values(**values))


def mended(connection: sa.Connection, mapping_id: int) -> None:
    """Ranges of the mapping that drifted, and of which no finding is open, are mended."""
    still = sa.select(drift.c.range_no).where(drift.c.mapping_id == mapping_id, drift.c.state == "open")
    connection.execute(
        sa.update(table)
        .where(table.c.mapping_id == mapping_id, table.c.result == "drift", table.c.range_no.not_in(still))
        .values(result="mended", digest=None)
    )


def outdate(connection: sa.Connection, root: str, range_no: int | None = None) -> None:
    """A range of the root, or all of them, is being copied again: what was compared before says nothing of it any more."""
    mine = sa.select(mapping.c.id).where(mapping.c.root == root)
    condition = table.c.mapping_id.in_(mine)
    if range_no is not None:
        condition = sa.and_(condition, table.c.range_no == range_no)
    connection.execute(sa.update(table).where(condition).values(result="copied", digest=None))


@dataclass(frozen=True)
class Overview:
    """A root's ranges: how many were found right for all of its mappings, when the first of them was looked at last, how many
    findings are open, and how many ranges were copied again since they were looked at."""

    ranges: int = 0
    since: datetime | None = None
    drifted: int = 0
    copied: int = 0


def overview(connection: sa.Connection, written: Mapping[str, str]) -> dict[str, Overview]:
    """By root. ``written`` are the fingerprints of its mappings now, as far as they are known: what was compared by others does not
    count."""

    def how_many(*results: Result) -> sa.ColumnElement[int]:
        return sa.func.sum(sa.case((table.c.result.in_(results), 1), else_=0))

    each = (
        sa.select(
            mapping.c.root,
            table.c.mapping_id,
            table.c.fingerprint,
            how_many("equal", "mended"),
            how_many("copied"),
            sa.func.min(sa.case((table.c.result != "copied", table.c.finished_at))),
        )
        .join(mapping, mapping.c.id == table.c.mapping_id)
        .where(table.c.range_no != WHOLE)
        .group_by(mapping.c.root, table.c.mapping_id, table.c.fingerprint)
    )
    right: dict[str, Counter[int]] = {}
    copied: dict[str, Counter[int]] = {}
    since: dict[str, datetime] = {}
    for root, number, fingerprint, ranges, again, at in connection.execute(each):
        copied.setdefault(root, Counter())[number] += int(again)
        if written.get(root, fingerprint) == fingerprint:
            right.setdefault(root, Counter())[number] += int(ranges)
            if at is not None:
                since[root] = min(at, since.get(root, at))
    drifted = open_counts_by_root(connection)
    return {
        root: Overview(
            min(right.get(root, {}).values(), default=0),
            since.get(root),
            drifted.get(root, 0),
            max(copied.get(root, {}).values(), default=0),
        )
        for root in copied.keys() | drifted.keys()
    }


def verified(connection: sa.Connection, mapping_ids: Sequence[int]) -> list[Verified]:
    """The results of these mappings' ranges."""
    statement = (
        sa.select(table)
        .where(table.c.mapping_id.in_(list(mapping_ids)))
        .order_by(table.c.mapping_id, table.c.range_no)
    )
    return [_verified(row) for row in connection.execute(statement).mappings()]


def _verified(row: Any) -> Verified:
    return Verified(**{name: row[name] for name in table.c.keys()})  # noqa: SIM118 - columns, not keys
