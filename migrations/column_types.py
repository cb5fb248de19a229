"""The column types of the new schema, one spelling for the three databases.

A revision that has been released keeps its meaning: add a function here, never change what one returns.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.types import TypeEngine

Type = TypeEngine[Any]
# MariaDB reads the options of its own prefix only, MySQL those of the other.
NEW_TABLE: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in (
        ("engine", "InnoDB"),
        ("default_charset", "utf8mb4"),
        ("collate", "utf8mb4_unicode_ci"),
    )
}


def big_id() -> Type:
    """A 64-bit id; on SQLite the rowid, which has to be called INTEGER."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def identifier(length: int) -> Type:
    """A string that names a thing: compared byte by byte on every database."""
    return sa.String(length).with_variant(
        mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
    )


def instant() -> Type:
    """A point in time with microseconds: timestamptz, or DATETIME(6) that holds UTC."""
    return sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def long_text() -> Type:
    """A text beyond 64 KiB."""
    return sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")


def money() -> Type:
    """An amount with two decimals."""
    return sa.Numeric(12, 2)


def json() -> Type:
    """JSON; on PostgreSQL its binary form."""
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
