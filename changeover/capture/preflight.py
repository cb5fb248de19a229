"""What stands in the way of triggers, each with its remedy. Asked without changing anything."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.sql import operators

from changeover.capture import outbox
from changeover.capture.direct_rights import lacking
from changeover.capture.survey import Survey
from changeover.capture.watched import sources_of
from changeover.check.privileges.mysql import account_of, everywhere, holds, qualified
from changeover.check.probe import answer
from changeover.dialects import TableName
from changeover.project import Project
from changeover.schema import Schema

ON_TABLE = ("SELECT", "TRIGGER")
"""What an account of MariaDB or MySQL needs on each table that gets triggers."""
ON_OUTBOX = ("SELECT", "INSERT", "DELETE", "CREATE", "DROP")
"""And on the outbox."""

LEAST_SPACE = 256 * 1024**2
"""Bytes that are to be free where the outbox will grow: some million entries, should nobody consume them for hours."""


def problems(project: Project, seen: Survey, tables: Sequence[TableName]) -> list[str]:
    """What keeps ``tables`` from being captured; nothing when they can be."""
    schema = project.old[seen.database]
    found = [*_tables(seen, tables), *_folded(project, seen, tables), *_outbox(schema, seen)]
    with schema.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        found += _clashes(connection, seen, tables)
    there = [table for table in tables if seen.facts[table] is not None]
    found += {"mysql": _mysql, "postgresql": _postgresql, "sqlite": _sqlite}[seen.dialect.family](
        schema, seen, there
    )
    found += lacking(schema, seen, there)
    return [f"old database {seen.database}: {one}" for one in found]


def _tables(seen: Survey, tables: Sequence[TableName]) -> Iterator[str]:
    for table in tables:
        facts = seen.facts[table]
        if facts is None:
            yield f"table {table} does not exist"
        elif facts.refused:
            yield f"table {table} {facts.refused}"


def _folded(project: Project, seen: Survey, tables: Sequence[TableName]) -> Iterator[str]:
    """The collation of a joined column, which does not go with its value to where the value is looked for."""
    for source in sources_of(project, seen.database):
        facts = seen.facts[source.table]
        if source.table not in tables or facts is None or source.outer is None:
            continue
        for column, outer in zip(source.key.columns, source.outer, strict=True):
            says_so = getattr(outer, "operator", None) is operators.collate
            if column.name in facts.folded and not says_so:
                yield (
                    f"table {source.table}, column {column.name}: it is compared by a collation of its own, which finds rows of "
                    f"{source.root} only from its side; write the mapping's condition as column == other.collate('…')"
                )


def _outbox(schema: Schema, seen: Survey) -> Iterator[str]:
    inspector = sa.inspect(schema.engine)
    name = seen.outbox.table
    try:
        exists = inspector.has_table(name.name, schema=name.schema)
    except exc.DBAPIError:
        return  # it may not be looked at: the privileges that lack are told below
    if exists:
        there = {column["name"] for column in inspector.get_columns(name.name, schema=name.schema)}
        if not {c.name for c in outbox.outbox.columns} <= there:
            yield f"there is a table {name} that is no outbox of Changeover: rename it, or drop it"


def _clashes(connection: sa.Connection, seen: Survey, tables: Sequence[TableName]) -> Iterator[str]:
    ours = {one.trigger for one in seen.installed}
    for table in tables:
        taken = seen.dialect.trigger_names(connection, table) - ours
        for name in sorted(taken & {trigger.name for trigger in seen.triggers[table]}):
            yield f"table {table}: there is a trigger {name} that does not write to {seen.outbox.table}: drop or rename it"


def _mysql(schema: Schema, seen: Survey, tables: Sequence[TableName]) -> Iterator[str]:
    wanted = [*((table, ON_TABLE) for table in tables), (seen.outbox.table, ON_OUTBOX)]
    account = account_of(schema)
    for table, privileges in wanted:
        lacks = [one for one in privileges if not holds(schema, table, one)]
        if lacks:
            grant = f"GRANT {', '.join(lacks)} ON {qualified(schema, table)} TO {account}"
            yield f"table {table}: the account lacks {', '.join(lacks)}; {grant}"
    logged = answer(schema, "SELECT @@global.log_bin, @@global.log_bin_trust_function_creators")
    if logged and logged[0] and not logged[1] and not everywhere(schema) & _TRUSTED:
        yield (
            f"the server writes a binary log and lets only SUPER make triggers, which {account} is not; "
            "SET GLOBAL log_bin_trust_function_creators = 1 (and in its configuration), or let an account with SUPER install"
        )


_TRUSTED = {"SUPER", "ALL PRIVILEGES", "BINLOG ADMIN"}


def _postgresql(schema: Schema, seen: Survey, tables: Sequence[TableName]) -> Iterator[str]:
    user, home = _one(schema, "SELECT quote_ident(current_user), current_schema()")
    if home is None:
        yield "no schema of the search_path exists, so there is no place for the outbox; set one for the account"
        return
    may = _one(schema, "SELECT has_schema_privilege(current_schema(), 'CREATE')")[0]
    if not may and not seen.installed:
        grant = f"GRANT CREATE ON SCHEMA {seen.dialect.quote(str(home))} TO {user}"
        yield f"the account may not create tables in schema {home}; {grant}"
    for table in tables:
        owner, is_owner = _one(
            schema,
            "SELECT quote_ident(pg_get_userbyid(relowner)), pg_has_role(relowner, 'USAGE') FROM pg_class "
            "WHERE oid = to_regclass(:name)",
            {"name": seen.dialect.table(table)},
        )
        if not is_owner:
            yield (
                f"table {table}: only its owner, {owner}, may make triggers that always fire, and drop them; "
                f"GRANT {owner} TO {user}, or let the owner install"
            )


def _one(schema: Schema, statement: str, values: dict[str, object] | None = None) -> tuple[object, ...]:
    found = answer(schema, statement, values)
    assert found is not None
    return tuple(found)


def _sqlite(schema: Schema, seen: Survey, tables: Sequence[TableName]) -> Iterator[str]:
    del seen, tables
    path = Path(schema.engine.url.database or "")
    if not path.is_file():
        return
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        yield f"{path} and its folder can't be written to by this user: let it"
    free = shutil.disk_usage(path.parent).free
    if free < LEAST_SPACE:
        yield (
            f"only {free // 1024**2} MiB are free beside {path}: "
            f"the outbox needs room, {LEAST_SPACE // 1024**2} MiB at least"
        )
