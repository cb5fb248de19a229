"""Ids of SQLite: there is one writer, and it is us."""

from __future__ import annotations

import sqlalchemy as sa

from changeover.dialects.base import TableName


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _highest(connection: sa.Connection, table: TableName, column: str) -> int:
    largest = connection.exec_driver_sql(
        f"SELECT COALESCE(MAX({_quote(column)}), 0) FROM {_quote(table.name)}"
    ).scalar()
    return max(int(largest or 0), _counter(connection, table) or 0)


def _counter(connection: sa.Connection, table: TableName) -> int | None:
    if not connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").first():
        return None
    found = connection.execute(
        sa.text("SELECT seq FROM sqlite_sequence WHERE name = :n"), {"n": table.name}
    ).scalar()
    return None if found is None else int(found)


def allocate(connection: sa.Connection, table: TableName, column: str, count: int) -> list[range]:
    """See `Dialect.allocate`. The ids are used in this transaction, which no other writer can run beside.

    Ids that the id map remembers count as used, also when their rows were deleted: a root's id is never given to another.
    """
    first = _highest(connection, table, column) + 1
    # Read from the largest id downwards: the first link of one of the table's mappings ends the search.
    mapped = connection.execute(
        sa.text(
            "SELECT i.target_id FROM changeover_id_map i WHERE i.target_id IS NOT NULL AND i.mapping_id + 0 IN "
            "(SELECT m.id FROM changeover_mapping m WHERE m.target = :t) ORDER BY i.target_id DESC LIMIT 1"
        ),
        {"t": str(table)},
    ).scalar()
    first = max(first, int(mapped or 0) + 1)
    return [range(first, first + count)]


def reserve(side: sa.Engine, table: TableName, upto: int) -> None:
    """See `Dialect.reserve`: only AUTOINCREMENT tables have a counter to move."""
    with side.begin() as connection:
        ddl = connection.execute(
            sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :n"), {"n": table.name}
        ).scalar()
        if not ddl or "AUTOINCREMENT" not in str(ddl).upper():
            return
        now = _counter(connection, table)
        if now is None:
            connection.execute(
                sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:n, :s)"),
                {"n": table.name, "s": upto},
            )
        elif now < upto:
            connection.execute(
                sa.text("UPDATE sqlite_sequence SET seq = :s WHERE name = :n"), {"n": table.name, "s": upto}
            )
