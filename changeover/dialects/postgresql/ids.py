"""Ids of PostgreSQL: taken from the column's own sequence, which gives no number twice."""

from __future__ import annotations

import sqlalchemy as sa

from changeover.dialects.base import TableName
from changeover.dialects.postgresql.naming import quote
from changeover.errors import MappingError

KNOCK_MILLISECONDS = 100
"""How long a table's lock is waited for before all is tried again."""


def _sequence(connection: sa.Connection, table: TableName, column: str) -> str | None:
    name = f"{quote(table.schema)}.{quote(table.name)}" if table.schema else quote(table.name)
    return connection.execute(
        sa.text("SELECT pg_get_serial_sequence(:t, :c)"), {"t": name, "c": column}
    ).scalar()


def allocate(connection: sa.Connection, table: TableName, column: str, count: int) -> list[range]:
    """See `Dialect.allocate`. Numbers that other sessions take in between cut the block into several ranges."""
    sequence = _sequence(connection, table, column)
    if sequence is None:
        raise MappingError(
            f"table {table}, column {column}: no sequence belongs to it; make it an identity column"
        )
    statement = sa.text(
        "SELECT min(n), max(n) FROM (SELECT n, n - row_number() OVER (ORDER BY n) AS island "
        "FROM (SELECT nextval(CAST(:s AS regclass)) AS n FROM generate_series(1, :count)) taken) numbered "
        "GROUP BY island ORDER BY 1"
    )
    found = connection.execute(statement, {"s": sequence, "count": count}).all()
    return [range(int(first), int(last) + 1) for first, last in found]


def reserve(side: sa.Engine, table: TableName, column: str, upto: int) -> None:
    """See `Dialect.reserve`. Reading and raising the sequence are made one by a lock that inserts wait for.

    They also wait behind us while we wait for it: hence only for a moment.
    """
    with side.begin() as connection:
        sequence = _sequence(connection, table, column)
        if sequence is None:
            return
        name = f"{quote(table.schema)}.{quote(table.name)}" if table.schema else quote(table.name)
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {KNOCK_MILLISECONDS}")
        connection.exec_driver_sql(f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE")
        statement = sa.text(
            "SELECT CASE WHEN nextval(CAST(:s AS regclass)) <= :n THEN setval(CAST(:s AS regclass), :n) END"
        )
        connection.execute(statement, {"s": sequence, "n": upto})
