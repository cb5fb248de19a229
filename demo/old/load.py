"""Writing generated rows in bulk: COPY on PostgreSQL, one statement of many rows a batch elsewhere.

Rows stream: no more than one batch is in memory, whatever the scale.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from itertools import islice
from typing import Any

import sqlalchemy as sa
from pymysql.converters import escape_string
from sqlalchemy.sql import TableClause

from demo.old.sample import Row, Value

BATCH = 2_000
# Characters a statement: at most 4 bytes each, below the 16 MiB that servers take by default.
STATEMENT = 1_000_000


@contextmanager
def loading_connection(engine: sa.Engine) -> Generator[sa.Connection]:
    """A connection for `load`, closed afterwards so that its session's settings end with it; the caller commits.

    UTC and strict, so that a generated value that does not fit is an error; but zero dates pass.
    """
    with engine.connect() as connection:
        connection.detach()
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET TIME ZONE 'UTC'")
        elif connection.dialect.name in ("mysql", "mariadb"):
            # Without NO_BACKSLASH_ESCAPES, which `_literal` relies on.
            connection.exec_driver_sql("SET SESSION sql_mode = 'STRICT_ALL_TABLES', time_zone = '+00:00'")
        yield connection


def load(connection: sa.Connection, table: TableClause, rows: Iterable[Row]) -> int:
    """Insert `rows`, whose values stand in the order of the table's columns.

    Returns the number of rows. Raises what the driver raises for a row that does not fit; nothing is cut to fit.
    """
    if not connection.in_transaction():
        connection.begin()  # a driver's cursor, used directly, does not begin SQLAlchemy's transaction
    insert = _insert(connection, table)
    loaded = 0
    stream = iter(rows)
    while batch := list(islice(stream, BATCH)):
        insert.write(batch)
        loaded += len(batch)
    return loaded


def continue_keys(connection: sa.Connection, table: TableClause, column: str) -> None:
    """Let the next generated value of `column` be above the largest that was written.

    MariaDB and SQLite do so by themselves; a sequence of PostgreSQL does not notice values given by hand.
    """
    if connection.dialect.name != "postgresql":
        return
    quoted = connection.dialect.identifier_preparer.quote(table.name)
    largest = sa.select(sa.func.coalesce(sa.func.max(table.c[column]), 1)).scalar_subquery()
    connection.execute(sa.select(sa.func.setval(sa.func.pg_get_serial_sequence(quoted, column), largest)))


class _ManyRows:
    """The driver's own `executemany`, with bound values."""

    def __init__(self, connection: sa.Connection, table: TableClause) -> None:
        self.connection = connection
        places = ", ".join("?" for _ in table.columns)
        self.statement = f"INSERT INTO {_columns_of(connection, table)} VALUES ({places})"

    def write(self, batch: list[Row]) -> None:
        """Insert the batch."""
        self.connection.exec_driver_sql(self.statement, batch)


class _ManyValues:
    """INSERT … VALUES (…), (…), … with literals: PyMySQL escapes on the client too, at four times the cost a row."""

    def __init__(self, connection: sa.Connection, table: TableClause) -> None:
        self.connection = connection
        self.statement = f"INSERT INTO {_columns_of(connection, table)} VALUES "

    def write(self, batch: list[Row]) -> None:
        """Insert the batch."""
        cursor: Any = self.connection.connection.cursor()
        pending: list[str] = []
        size = 0
        for row in batch:
            literals = f"({','.join([_literal(value) for value in row])})"
            pending.append(literals)
            size += len(literals)
            if size > STATEMENT:
                cursor.execute(self.statement + ",".join(pending))
                pending, size = [], 0
        if pending:
            cursor.execute(self.statement + ",".join(pending))
        cursor.close()


def _literal(value: Value) -> str:
    if isinstance(value, str):
        return f"'{escape_string(value)}'"
    return "NULL" if value is None else repr(value)


class _Copy:
    """COPY … FROM STDIN."""

    def __init__(self, connection: sa.Connection, table: TableClause) -> None:
        self.connection = connection
        self.statement = f"COPY {_columns_of(connection, table)} FROM STDIN"

    def write(self, batch: list[Row]) -> None:
        """Insert the batch."""
        driver: Any = self.connection.connection.dbapi_connection
        with driver.cursor() as cursor, cursor.copy(self.statement) as copy:
            for row in batch:
                copy.write_row(row)


def _insert(connection: sa.Connection, table: TableClause) -> _Copy | _ManyRows | _ManyValues:
    if connection.dialect.name == "postgresql":
        return _Copy(connection, table)
    if connection.dialect.name == "sqlite":
        return _ManyRows(connection, table)
    return _ManyValues(connection, table)


def _columns_of(connection: sa.Connection, table: TableClause) -> str:
    quote = connection.dialect.identifier_preparer.quote
    return f"{quote(table.name)} ({', '.join(quote(column.name) for column in table.columns)})"
