"""Privileges of PostgreSQL: the server answers for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from changeover.check.privileges.missing import Missing
from changeover.check.probe import answer
from changeover.dialects import TableName
from changeover.schema import Schema, TableShape

ROWS = ("SELECT", "INSERT", "UPDATE", "DELETE")


def lacking(
    schema: Schema, title: str, prefix: str, tables: Sequence[TableName], wanted: tuple[str, ...]
) -> Iterator[Missing]:
    """Tables on which the user lacks one of the privileges ``wanted``, or does not see all rows."""
    for table in tables:
        name = schema.dialect.table(table)
        lacks = tuple(p for p in wanted if not _may(schema, "has_table_privilege(:on, :what)", name, p))
        if lacks:
            yield Missing(
                title, f"{prefix}{table}", lacks, f"GRANT {', '.join(lacks)} ON {name} TO {_user(schema)}"
            )
        if _may(schema, "row_security_active(:on)", name, ""):
            see = ("BYPASSRLS, and row-level security would hide rows of the table from it",)
            yield Missing(title, f"{prefix}{table}", see, f"ALTER ROLE {_user(schema)} BYPASSRLS")


def unwritable(
    schema: Schema, tables: Sequence[TableShape], counted: Sequence[TableShape]
) -> Iterator[Missing]:
    """What is lacking on the new database."""
    title, user = "new database", _user(schema)
    database = schema.engine.url.database or ""
    if not _may(schema, "has_database_privilege(:on, :what)", database, "TEMPORARY"):
        grant = f"GRANT TEMPORARY ON DATABASE {schema.dialect.quote(database)} TO {user}"
        yield Missing(title, None, ("TEMPORARY",), grant)
    yield from lacking(schema, title, "", [shape.table for shape in tables], ROWS)
    written = {shape.table for shape in tables}
    children = {key.table for shape in tables for key in schema.referring(shape)} - written
    yield from lacking(schema, title, "", sorted(children, key=str), ("SELECT",))
    for shape in counted:
        yield from _sequences(schema, title, shape, user)


def _sequences(schema: Schema, title: str, shape: TableShape, user: str) -> Iterator[Missing]:
    for column in (c.name for c in shape.columns if c.counted and c.name in shape.primary_key):
        values = {"table": schema.dialect.table(shape.table), "column": column}
        found = answer(schema, "SELECT pg_get_serial_sequence(:table, :column)", values)
        sequence = found[0] if found else None
        if sequence is None:
            continue
        lacks = tuple(
            p
            for p in ("USAGE", "UPDATE")
            if not _may(schema, "has_sequence_privilege(:on, :what)", sequence, p)
        )
        if lacks:
            grant = f"GRANT {', '.join(lacks)} ON SEQUENCE {sequence} TO {user}"
            yield Missing(title, str(shape.table), tuple(f"{p} on its sequence" for p in lacks), grant)


def _may(schema: Schema, question: str, on: str, what: str) -> bool:
    found = answer(schema, f"SELECT {question}", {"on": on, "what": what} if what else {"on": on})
    return found is not None and bool(found[0])


def _user(schema: Schema) -> str:
    found = answer(schema, "SELECT quote_ident(current_user)")
    return str(found[0]) if found else "CURRENT_USER"
