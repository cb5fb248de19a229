"""InnoDB's own numbers of tables, which change when a table is emptied at once, rebuilt, or made again."""

from __future__ import annotations

import re

import sqlalchemy as sa
from sqlalchemy import exc

from changeover.dialects.base import TableName
from changeover.dialects.mysql.errors import code

_DENIED = (1227, 1044, 1142)
_PLAIN = re.compile(r"[0-9A-Za-z_]")


def table_numbers(connection: sa.Connection, schema: str, table: TableName) -> list[str] | None:
    """The numbers of the table and its partitions; None without PROCESS."""
    statement, values = _mariadb(schema, table.name)
    if not getattr(connection.dialect, "is_mariadb", False):
        statement, values = _mysql(connection, schema, table.name)
    try:
        return [str(number) for number in connection.execute(sa.text(statement), values).scalars()]
    except exc.DBAPIError as error:
        if code(error) in _DENIED:
            return None
        raise


def _mariadb(schema: str, name: str) -> tuple[str, dict[str, str]]:
    schema_, name_ = (f"CONVERT(CONVERT({one} USING filename) USING binary)" for one in (":schema", ":name"))
    path = f"CONCAT({schema_}, '/', {name_})"
    like = f"CONCAT(REPLACE({path}, '_', '\\\\_'), '#P#%')"
    return (
        f"SELECT table_id FROM information_schema.innodb_sys_tables WHERE name = {path} OR name LIKE {like} ORDER BY name",
        {"schema": schema, "name": name},
    )


def _mysql(connection: sa.Connection, schema: str, name: str) -> tuple[str, dict[str, str]]:
    """MySQL doesn't let anybody convert to the character set of file names, in which the names are given."""
    view = "innodb_tables" if (connection.dialect.server_version_info or ()) >= (8,) else "innodb_sys_tables"
    return (
        (
            f"SELECT table_id FROM information_schema.{view} "
            "WHERE CONVERT(name USING utf8mb4) COLLATE utf8mb4_bin REGEXP :pattern ORDER BY name"
        ),
        {"pattern": f"^{_file(schema)}/{_file(name)}(#[pP]#.*)?$"},
    )


def _file(name: str) -> str:
    """A pattern of the name as a file's. What is neither a digit nor an English letter is written by its number, and by two
    characters in some alphabets: then names that are alike but for such letters are taken for one another's partitions, and what
    befalls one is noticed for both."""
    return "".join(one if _PLAIN.fullmatch(one) else _numbered(one) for one in name)


def _numbered(character: str) -> str:
    if character.isascii():
        return f"@{ord(character):04x}"
    if ord(character) > 0xFFFF:  # of which names have none: each is a question mark
        return "@003f"
    return f"@({ord(character):04x}|[0-9a-zA-Z]{{2}})"
