"""Ids of MariaDB and MySQL: blocks taken from AUTO_INCREMENT, so that nobody else is ever given one of them."""

from __future__ import annotations

import re

import sqlalchemy as sa

from changeover.dialects.base import TableName
from changeover.dialects.mysql.naming import quote
from changeover.dialects.raw import raw

# The table's options begin on the line that closes its columns; comments and partitions, which may hold anything, come later.
_COUNTER = re.compile(r"^\) .*?\bAUTO_INCREMENT=(\d+)", re.MULTILINE)


def qualified(table: TableName) -> str:
    """The table, quoted."""
    return f"{quote(table.schema)}.{quote(table.name)}" if table.schema else quote(table.name)


def allocate(side: sa.Engine, table: TableName, count: int) -> list[range]:
    """Raise the table's counter by ``count`` and take what lies between.

    The counter can't be read and raised in one statement: a short table lock makes the two one. It is a connection of its
    own since LOCK TABLES and ALTER TABLE commit.
    """
    name = qualified(table)
    with side.connect() as connection, raw(connection) as driver, driver.cursor() as cursor:
        cursor.execute(f"LOCK TABLES {name} WRITE")
        try:
            first = _next(cursor, table)
            cursor.execute(f"ALTER TABLE {name} AUTO_INCREMENT = {first + count}")
        finally:
            cursor.execute("UNLOCK TABLES")
    return [range(first, first + count)]


def reserve(side: sa.Engine, table: TableName, upto: int) -> None:
    """See `Dialect.reserve`."""
    name = qualified(table)
    with side.connect() as connection, raw(connection) as driver, driver.cursor() as cursor:
        cursor.execute(f"LOCK TABLES {name} WRITE")
        try:
            if _counts(cursor, table) and _next(cursor, table) <= upto:
                cursor.execute(f"ALTER TABLE {name} AUTO_INCREMENT = {upto + 1}")
        finally:
            cursor.execute("UNLOCK TABLES")


def _next(cursor: object, table: TableName) -> int:
    # MySQL 8 caches what information_schema says of the counter; SHOW CREATE TABLE reads it from the table.
    cursor.execute(f"SHOW CREATE TABLE {qualified(table)}")  # type: ignore[attr-defined]
    found = _COUNTER.search(str(cursor.fetchone()[1]))  # type: ignore[attr-defined]
    return int(found[1]) if found else 1


def _counts(cursor: object, table: TableName) -> bool:
    cursor.execute(f"SHOW CREATE TABLE {qualified(table)}")  # type: ignore[attr-defined]
    return " AUTO_INCREMENT" in str(cursor.fetchone()[1])  # type: ignore[attr-defined]
