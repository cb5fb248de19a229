"""Which privileges the users of the connections lack, with the GRANT that gives them.

Asked of the server without changing anything. SQLite has no users.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError

from changeover.check.privileges import mysql, postgresql
from changeover.check.privileges.missing import Missing
from changeover.check.site import Site
from changeover.dialects import TableName
from changeover.ledger import metadata
from changeover.mapping import Computed
from changeover.mapping.references import references
from changeover.schema import TableShape

__all__ = ["Missing", "is_denied", "missing"]


def is_denied(error: DBAPIError) -> bool:
    """Whether the server refused a statement for want of a privilege. Its own words then name the table, and no value."""
    return mysql.code(error) in mysql.DENIED or getattr(error.orig, "sqlstate", None) == "42501"


def missing(site: Site) -> Iterator[Missing]:
    """What the users lack: on old databases, on targets, on the control tables, to stage."""
    for name, tables in _read(site).items():
        title, schema = f"old database {name}", site.old[name]
        if schema.dialect.family == "mysql":
            yield from mysql.unreadable(schema, title, name, tables)
        elif schema.dialect.family == "postgresql":
            yield from postgresql.lacking(schema, title, f"{name}.", tables, ("SELECT",))
    if site.new.dialect.family == "mysql":
        yield from mysql.unwritable(site.new, *_written(site))
    elif site.new.dialect.family == "postgresql":
        yield from postgresql.unwritable(site.new, *_written(site))


def _read(site: Site) -> dict[str, list[TableName]]:
    """The tables that are read, by old database; those that don't exist left out."""
    found: dict[str, dict[TableName, None]] = {}
    for case in site.cases:
        mapping = case.mapping
        names = [TableName(t.name_, t.schema_) for t in (mapping.root, *(j.table for j in mapping.joins))]
        names += [reference.table for reference in references(mapping)]
        for name in names:
            if case.schema is not None and case.named(name) is not None:
                found.setdefault(mapping.database, {})[name] = None
    return {database: list(tables) for database, tables in found.items()}


def _written(site: Site) -> tuple[list[TableShape], list[TableShape]]:
    """The tables that are written, and those of them whose counter is moved."""
    targets = {case.mapping.target: case.target for case in site.cases if case.target is not None}
    counting = {case.mapping.target for case in site.cases if not isinstance(case.mapping.ids, Computed)}
    ledger = [shape for name in metadata.tables if (shape := site.new.table(TableName(name))) is not None]
    counted = [
        shape
        for name, shape in targets.items()
        if name in counting and any(c.counted for c in shape.columns if c.name in shape.primary_key)
    ]
    return [*targets.values(), *ledger], counted
