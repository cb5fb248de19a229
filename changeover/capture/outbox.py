"""The outbox: the control table in an old database that triggers write changed keys to.

There is no cursor. Ids become visible out of order, so a consumer reads what it can see, applies it, and deletes exactly the ids
that it read; what it did not see is there the next time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

from changeover.ledger.tables import KeyText

TABLE = "changeover_outbox"
TRUNCATED = "!truncated"
"""The source of an entry whose key is a table's name: all of its rows went at once, past the row triggers."""

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


@dataclass(frozen=True)
class Entry:
    """A change: some row of ``source`` with the encoded key ``key``."""

    id: int
    source: str
    key: str


def entries(connection: sa.Connection, limit: int) -> list[Entry]:
    """At most ``limit`` of the entries that are visible now, those with the lowest ids first."""
    statement = sa.select(outbox.c.id, outbox.c.source, outbox.c.row_key).order_by(outbox.c.id).limit(limit)
    return [Entry(int(i), str(source), str(key)) for i, source, key in connection.execute(statement)]


def delete(connection: sa.Connection, ids: Sequence[int]) -> None:
    """Delete exactly these entries: what they spoke of has been applied."""
    for start in range(0, len(ids), DELETE_AT_ONCE):
        part = list(ids[start : start + DELETE_AT_ONCE])
        connection.execute(sa.delete(outbox).where(outbox.c.id.in_(part)))
