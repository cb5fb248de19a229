"""The outbox: the control table in an old database that triggers write changed keys to.

There is no cursor. Ids become visible out of order, so a consumer reads what it can see, applies it, and deletes exactly the ids
that it read; what it did not see is there the next time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

from changeover.dialects import of
from changeover.ledger.tables import KeyText

TABLE = "changeover_outbox"
TRUNCATED = "!truncated"
"""The source of an entry whose key is a table's name: all of its rows went at once, past the row triggers."""
MISSED = "!missed"
"""The source of an entry whose key is a table's name: a row of it has a key that is too long for the outbox."""

metadata = sa.MetaData()
outbox = sa.Table(
    TABLE,
    metadata,
    sa.Column(
        "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True
    ),
    sa.Column("source", sa.String(200), nullable=False),
    sa.Column("row_key", KeyText(), nullable=False),
    sa.Column(
        "at",
        sa.String(26)
        .with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
        .with_variant(postgresql.TIMESTAMP(), "postgresql"),
        nullable=False,
        comment="UTC, by the old database's clock",
    ),
    mysql_charset="utf8mb4",
    mysql_collate="utf8mb4_bin",
    mysql_engine="InnoDB",
    mariadb_charset="utf8mb4",
    mariadb_collate="utf8mb4_bin",
    mariadb_engine="InnoDB",
    sqlite_autoincrement=True,
)

DELETE_AT_ONCE = 1_000

COUNTED = 100_000
"""A longer queue is reported as this long: counting all of it would cost the old server more than the number is worth."""


@dataclass(frozen=True)
class Entry:
    """A change: some row of ``source`` with the encoded key ``key``."""

    id: int
    source: str
    key: str


def entries(connection: sa.Connection, sources: Iterable[str], limit: int) -> list[Entry]:
    """At most ``limit`` of the entries of these sources that are visible now, those with the lowest ids first."""
    statement = (
        sa.select(outbox.c.id, outbox.c.source, outbox.c.row_key)
        .where(outbox.c.source.in_(sorted(sources)))
        .order_by(outbox.c.id)
        .limit(limit)
    )
    return [Entry(int(i), str(source), str(key)) for i, source, key in connection.execute(statement)]


@dataclass(frozen=True)
class Lag:
    """How many entries wait, and the age of the oldest in seconds, by the old server's clock."""

    keys: int = 0
    seconds: float = 0.0

    def __add__(self, other: Lag) -> Lag:
        return Lag(self.keys + other.keys, max(self.seconds, other.seconds))


def waiting(connection: sa.Connection) -> dict[str, Lag]:
    """What waits by source: of the `COUNTED` entries with the lowest ids."""
    first = sa.select(outbox.c.source, outbox.c.at).order_by(outbox.c.id).limit(COUNTED).subquery()
    now = sa.literal_column(of(connection).utc_now)
    statement = sa.select(first.c.source, sa.func.count(), sa.func.min(first.c.at), now).group_by(
        first.c.source
    )
    found: dict[str, Lag] = {}
    for source, keys, at, current in connection.execute(statement):
        age = (_moment(current) - _moment(at)).total_seconds()
        found[str(source)] = Lag(int(keys), max(0.0, age))
    return found


def _moment(value: datetime | str) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value.replace(tzinfo=None)


def delete(connection: sa.Connection, ids: Sequence[int]) -> None:
    """Delete exactly these entries: what they spoke of has been applied."""
    for start in range(0, len(ids), DELETE_AT_ONCE):
        part = list(ids[start : start + DELETE_AT_ONCE])
        connection.execute(sa.delete(outbox).where(outbox.c.id.in_(part)))


def marks(connection: sa.Connection) -> list[tuple[str, str]]:
    """Source and table of entries that speak of no row: `TRUNCATED` and `MISSED`."""
    statement = (
        sa.select(outbox.c.source, outbox.c.row_key)
        .where(outbox.c.source.in_((TRUNCATED, MISSED)))
        .distinct()
    )
    return [(str(source), str(name)) for source, name in connection.execute(statement)]


def forget_marks(connection: sa.Connection, table: str) -> None:
    """Delete what says of a table that changes were missed."""
    about = sa.and_(
        outbox.c.source.in_((TRUNCATED, MISSED)),
        outbox.c.row_key == sa.bindparam("t", table, outbox.c.row_key.type),
    )
    connection.execute(sa.delete(outbox).where(about))


def forget_others(connection: sa.Connection, sources: Iterable[str]) -> None:
    """Delete entries of all but these sources: nobody will ask for them. Marks stay."""
    connection.execute(sa.delete(outbox).where(outbox.c.source.not_in((*sources, TRUNCATED, MISSED))))
