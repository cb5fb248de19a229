"""Foreign keys that lead to a table, and let one of its rows be deleted all the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from changeover.dialects import Dialect, TableName


@dataclass(frozen=True)
class Referring:
    """A foreign key of ``table`` whose rows do not hold back a delete: they are deleted or changed with it, or complain at the
    commit only (``late``), where no row can be told from another."""

    table: TableName
    columns: tuple[str, ...]
    parent_columns: tuple[str, ...]
    late: bool = False


# Partitions repeat the keys of their table. SET CONSTRAINTS makes the late ones of PostgreSQL early.
_POSTGRESQL = """
SELECT r.relname, n.nspname, n.nspname = current_schema(), f.oid::text, c.attname, p.attname, f.confdeltype::text
FROM pg_constraint f JOIN pg_class r ON r.oid = f.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace
CROSS JOIN LATERAL unnest(f.conkey, f.confkey) WITH ORDINALITY AS k(child, parent, place)
JOIN pg_attribute c ON c.attrelid = f.conrelid AND c.attnum = k.child
JOIN pg_attribute p ON p.attrelid = f.confrelid AND p.attnum = k.parent
WHERE f.contype = 'f' AND f.conparentid = 0 AND f.confdeltype IN ('c', 'n', 'd') AND f.confrelid = to_regclass(:quoted)
ORDER BY f.oid, k.place
"""

_MYSQL = """
SELECT k.table_name, k.table_schema, k.table_schema = DATABASE(),
CONCAT(k.constraint_schema, '.', k.table_name, '.', k.constraint_name), k.column_name, k.referenced_column_name, r.delete_rule
FROM information_schema.referential_constraints r JOIN information_schema.key_column_usage k
ON k.constraint_schema = r.constraint_schema AND k.constraint_name = r.constraint_name AND k.table_name = r.table_name
WHERE r.referenced_table_name = :name AND r.unique_constraint_schema = COALESCE(:schema, DATABASE())
AND r.delete_rule IN ('CASCADE', 'SET NULL', 'SET DEFAULT') ORDER BY 4, k.ordinal_position
"""

_SQLITE = """
SELECT m.name, NULL, 1, m.name || '.' || f.id, f."from", f."to", f.on_delete FROM sqlite_master m, pragma_foreign_key_list(m.name) f
WHERE m.type = 'table' AND lower(f."table") = lower(:name) ORDER BY m.name, f.id, f.seq
"""

_STATEMENTS = {"postgresql": _POSTGRESQL, "mysql": _MYSQL, "sqlite": _SQLITE}


def referring(
    connection: sa.Connection, dialect: Dialect, table: TableName, primary_key: tuple[str, ...]
) -> tuple[Referring, ...]:
    """The foreign keys that lead to ``table`` and do not hold back a delete."""
    values = {"quoted": dialect.table(table), "name": table.name, "schema": table.schema}
    statement = sa.text(_STATEMENTS[dialect.family])
    wanted = {name: value for name, value in values.items() if name in statement.compile().params}
    keys: dict[str, list[Any]] = {}
    for row in connection.execute(statement, wanted).all():
        keys.setdefault(str(row[3]), []).append(row)
    found: list[Referring] = []
    for rows in keys.values():
        name, schema, own = str(rows[0][0]), rows[0][1], bool(rows[0][2])
        holds = dialect.family == "sqlite" and str(rows[0][6]) not in ("CASCADE", "SET NULL", "SET DEFAULT")
        if holds and not has_late_keys(connection, name):
            continue
        # SQLite leaves out the parent's columns where they are its primary key.
        parents = tuple(str(row[5]) for row in rows) if rows[0][5] is not None else primary_key
        child = TableName(name, None if own or schema is None else str(schema))
        found.append(Referring(child, tuple(str(row[4]) for row in rows), parents, late=holds))
    return tuple(found)


def has_late_keys(connection: sa.Connection, table: str) -> bool:
    """Whether an SQLite table declares deferred foreign keys: its pragmas don't tell, and of which key it is said does not
    matter much, since looking costs little."""
    statement = sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND lower(name) = lower(:name)")
    declared = str(connection.execute(statement, {"name": table}).scalar() or "")
    return "initially deferred" in " ".join(declared.lower().split())
