"""What the account that installs lacks for direct mode: its triggers run with its rights, on the new tables too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from changeover.capture.survey import Survey
from changeover.check.privileges.mysql import account_of, holds, qualified
from changeover.dialects import TableName
from changeover.dialects.direct import rights
from changeover.schema import Schema


def lacking(schema: Schema, seen: Survey, tables: Sequence[TableName]) -> Iterator[str]:
    """A sentence, with the grant, for each new table that triggers on ``tables`` could not write or read."""
    needed = rights([one for one in seen.directs.roots if one.table in tables])
    for table, privileges in needed.items():
        if seen.dialect.family == "postgresql":
            account, lacks = _postgresql(schema, table, privileges)
            place = seen.dialect.table(table)
        else:
            account, lacks = account_of(schema), [one for one in privileges if not holds(schema, table, one)]
            place = qualified(schema, table)
        if lacks:
            grant = f"GRANT {', '.join(lacks)} ON {place} TO {account}"
            yield f'new table {table}, which mode="direct" writes: the account lacks {", ".join(lacks)}; {grant}'


def _postgresql(schema: Schema, table: TableName, privileges: Sequence[str]) -> tuple[str, list[str]]:
    name = schema.dialect.table(table)
    usage = table.schema or "public"
    with schema.engine.connect() as connection:
        account = str(connection.exec_driver_sql("SELECT quote_ident(current_user)").scalar())
        may = sa.text("SELECT has_schema_privilege(:schema, 'USAGE')")
        if not connection.execute(may, {"schema": usage}).scalar():
            return account, list(privileges)
        has = sa.text("SELECT has_table_privilege(:name, :privilege)")
        return account, [
            one
            for one in privileges
            if not connection.execute(has, {"name": name, "privilege": one}).scalar()
        ]
