"""Privileges of MariaDB and MySQL: statements that need one are explained, not run; the rest is read from SHOW
GRANTS."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sqlalchemy.exc import DBAPIError

from changeover.check.privileges.missing import Missing
from changeover.dialects import TableName
from changeover.dialects.mysql.errors import code
from changeover.schema import Schema, TableShape

DENIED = {1044, 1045, 1142, 1143, 1227, 1370}
_GRANT = re.compile(r"^GRANT (?P<what>.+?) ON (?P<on>\S+(?: \S+)*?) TO ", re.IGNORECASE)


def unreadable(schema: Schema, title: str, database: str, tables: Sequence[TableName]) -> Iterator[Missing]:
    """Tables that the user may not SELECT from."""
    for table in tables:
        name = schema.dialect.table(table)
        if _denied(schema, f"SELECT 1 FROM {name} WHERE 1 = 0"):
            grant = f"GRANT SELECT ON {qualified(schema, table)} TO {account_of(schema)}"
            yield Missing(title, f"{database}.{table}", ("SELECT",), grant)


def unwritable(
    schema: Schema, tables: Sequence[TableShape], counted: Sequence[TableShape]
) -> Iterator[Missing]:
    """What is lacking on the new database."""
    title, account = "new database", account_of(schema)
    # Without it the server hides which tables refer to the targets, and with them rows that a delete would take along.
    everywhere = [] if holds(schema, None, "SELECT") else ["SELECT"]
    if _denied(schema, _TEMPORARY):
        everywhere.append("CREATE TEMPORARY TABLES")
    if counted and not holds(schema, None, "LOCK TABLES"):
        everywhere.append("LOCK TABLES")
    if everywhere:
        yield Missing(
            title,
            None,
            tuple(everywhere),
            f"GRANT {', '.join(everywhere)} ON {_database(schema)} TO {account}",
        )
    for shape in tables:
        lacks = [
            privilege for privilege, statement in _statements(schema, shape) if _denied(schema, statement)
        ]
        if shape in counted:
            lacks += [p for p in ("ALTER", "CREATE") if not holds(schema, shape.table, p)]
        if lacks:
            grant = f"GRANT {', '.join(lacks)} ON {qualified(schema, shape.table)} TO {account}"
            yield Missing(title, str(shape.table), tuple(lacks), grant)


def everywhere(schema: Schema) -> set[str]:
    """The global privileges of the user."""
    return {privilege for what, on in _grants(schema) if on == "*.*" for privilege in what}


_TEMPORARY = "CREATE TEMPORARY TABLE changeover_may_stage (k INT)"


def _statements(schema: Schema, shape: TableShape) -> list[tuple[str, str]]:
    table, column = schema.dialect.table(shape.table), schema.dialect.quote(shape.columns[0].name)
    return [
        ("SELECT", f"SELECT 1 FROM {table} WHERE 1 = 0"),
        ("INSERT", f"EXPLAIN INSERT INTO {table} ({column}) VALUES (NULL)"),
        ("UPDATE", f"EXPLAIN UPDATE {table} SET {column} = NULL WHERE 1 = 0"),
        ("DELETE", f"EXPLAIN DELETE FROM {table} WHERE 1 = 0"),
    ]


def _denied(schema: Schema, statement: str) -> bool:
    with schema.engine.connect() as connection:
        try:
            connection.exec_driver_sql(statement)
            if statement == _TEMPORARY:
                connection.exec_driver_sql("DROP TEMPORARY TABLE changeover_may_stage")
        except DBAPIError as error:
            return code(error) in DENIED
    return False


def holds(schema: Schema, table: TableName | None, privilege: str) -> bool:
    """Whether the user has a privilege on the table, or on the database; also where that can't be told."""
    database = (table.schema if table else None) or schema.engine.url.database or ""
    for what, on in _grants(schema):
        if not what & {privilege, "ALL PRIVILEGES", "ALL"}:
            # A role's own grants aren't listed here: what can't be told is not reported.
            if on == "":
                return True
            continue
        if on == "*.*" or _names(on, database, table):
            return True
    return False


def _database(schema: Schema) -> str:
    """What a grant on the whole database is on.

    Of several grants whose patterns fit a database, the server heeds only the most specific: a new spelling would take
    away what the old one gave. So the spelling is that of a grant that is there.
    """
    name = schema.engine.url.database or ""
    there = [on for _, on in _grants(schema) if on.endswith(".*") and on != "*.*" and _names(on, name, None)]
    escaped = schema.dialect.quote(name).replace("_", r"\_").replace("%", r"\%")
    return there[0] if there else f"{escaped}.*"


def _names(on: str, database: str, table: TableName | None) -> bool:
    """Whether the object of a grant is the database, by a pattern, or the table."""
    found = re.fullmatch(r"`((?:[^`]|``)+)`\.(\*|`(?:[^`]|``)+`)", on)
    if found is None:
        return False
    if found[2] != "*":
        return (
            table is not None
            and found[1].replace("``", "`") == database
            and found[2][1:-1].replace("``", "`") == table.name
        )
    pattern = re.escape(found[1].replace("``", "`")).replace(r"\\_", "\0").replace(r"\\%", "\1")
    pattern = pattern.replace("_", ".").replace("%", ".*").replace("\0", "_").replace("\1", "%")
    return re.fullmatch(pattern, database) is not None


def _grants(schema: Schema) -> list[tuple[set[str], str]]:
    """Privileges and what they are on, from SHOW GRANTS; a granted role is on nothing (``""``)."""
    found: list[tuple[set[str], str]] = []
    with schema.engine.connect() as connection:
        for (line,) in connection.exec_driver_sql("SHOW GRANTS").all():
            match = _GRANT.match(str(line))
            if match:
                found.append(({part.strip().upper() for part in match["what"].split(",")}, match["on"]))
            elif str(line).startswith("GRANT "):
                found.append((set(), ""))
    return found


def account_of(schema: Schema) -> str:
    """The account that the server takes the user for."""
    with schema.engine.connect() as connection:
        user, _, host = str(connection.exec_driver_sql("SELECT CURRENT_USER()").scalar()).rpartition("@")
    return "'{}'@'{}'".format(user.replace("'", "''"), host.replace("'", "''"))


def qualified(schema: Schema, table: TableName) -> str:
    """The table with its database, as a grant names it."""
    return schema.dialect.table(TableName(table.name, table.schema or schema.engine.url.database))
