"""Triggers of SQLite.

REPLACE deletes the rows that are in its way without firing their triggers (unless recursive_triggers is on): a trigger before the
statement notes them. Cascades of foreign keys fire triggers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from changeover.dialects.base import TableName
from changeover.dialects.triggers import (
    PREFIX,
    Facts,
    Installed,
    Note,
    Outbox,
    Trigger,
    Unique,
    Watched,
    indented,
    trigger_name,
)

_LONGEST = 200
_NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')"


def quote(name: str) -> str:
    """The identifier in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def trigger_ddl(watched: Watched, outbox: Outbox) -> list[Trigger]:
    """See `Dialect.trigger_ddl`."""
    made: list[Trigger] = []
    for event, body in _bodies(watched, outbox):
        if not body:
            continue
        timing, verb = event.split()
        name = trigger_name(timing[0].lower() + verb[0].lower(), watched.table, _LONGEST)
        create = (
            f"CREATE TRIGGER {quote(name)}\n{event} ON {quote(watched.table.name)} FOR EACH ROW\nBEGIN\n"
            f"{indented(body)}\nEND"
        )
        made.append(Trigger(name, watched.table, (create,), (_drop(name),)))
    return made


def _bodies(watched: Watched, outbox: Outbox) -> Iterator[tuple[str, list[str]]]:
    notes = watched.notes
    yield "BEFORE INSERT", list(_replaced(watched, outbox, update=False))
    yield "AFTER INSERT", [_noted(n, "NEW", outbox) for n in notes]
    yield "BEFORE UPDATE", list(_replaced(watched, outbox, update=True))
    updated = [
        statement
        for n in notes
        for statement in (_noted(n, "NEW", outbox), _noted(n, "OLD", outbox, f"{n.old} IS NOT {n.new}"))
    ]
    yield "AFTER UPDATE", updated
    yield "AFTER DELETE", [_noted(n, "OLD", outbox) for n in notes]


def _noted(note: Note, row: str, outbox: Outbox, condition: str = "") -> str:
    key = note.new if row == "NEW" else note.old
    conditions = [*_present(note, row), *([condition] if condition else [])]
    where = f"\nWHERE {' AND '.join(conditions)}" if conditions else ""
    return f"{_into(outbox)}\nSELECT {_literal(note.source)}, {key}, {_NOW}{where};"


def _present(note: Note, row: str) -> list[str]:
    return [f"{row}.{quote(c)} IS NOT NULL" for c in note.columns] if note.nullable else []


def _replaced(watched: Watched, outbox: Outbox, *, update: bool) -> Iterator[str]:
    """Rows that the statement would replace, since they have what is to be unique."""
    for note in watched.notes:
        for unique in watched.uniques:
            columns = {name for name, how in unique if how == "BINARY"}
            if note.exact and len(columns) == len(unique) and set(note.columns) <= columns:
                continue  # the row that is replaced has the key of the one that replaces it
            same = [f"t.{quote(name)} = NEW.{quote(name)} COLLATE {quote(how)}" for name, how in unique]
            moved = [f"OLD.{quote(name)} IS NOT NEW.{quote(name)} COLLATE BINARY" for name, _ in unique]
            conditions = [*same, *_present(note, "t")]
            if update:
                conditions = [f"({' OR '.join(moved)})", *conditions]
            yield (
                f"{_into(outbox)}\nSELECT {_literal(note.source)}, {note.found}, {_NOW}\nFROM {quote(watched.table.name)} AS t\n"
                f"WHERE {' AND '.join(conditions)};"
            )


def _into(outbox: Outbox) -> str:
    return f"INSERT INTO {quote(outbox.table.name)} (source, row_key, at)"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _drop(name: str) -> str:
    return f"DROP TRIGGER IF EXISTS {quote(name)}"


# What stands in the database


def installed(connection: sa.Connection, outbox: TableName) -> list[Installed]:
    """See `Dialect.installed_triggers`."""
    statement = sa.text(
        "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' AND instr(sql, :outbox) > 0 "
        "AND substr(name, 1, :length) = :prefix ORDER BY tbl_name, name"
    )
    values = {"outbox": outbox.name, "prefix": PREFIX, "length": len(PREFIX)}
    return [
        Installed(str(name), str(name), TableName(str(table)), str(sql), True, (_drop(str(name)),))
        for name, table, sql in connection.execute(statement, values)
    ]


def facts(connection: sa.Connection, table: TableName) -> Facts | None:
    """See `Dialect.table_facts`."""
    found = connection.execute(
        sa.text(
            "SELECT type, sql, rootpage FROM sqlite_master WHERE lower(name) = lower(:name) AND type IN ('table', 'view')"
        ),
        {"name": table.name},
    ).first()
    if found is None:
        return None
    kind, sql, page = found
    if kind == "view":
        return Facts("", "", "is a view: triggers stand on tables only; map the table itself")
    if str(sql).upper().startswith("CREATE VIRTUAL"):
        return Facts("", "", "is a virtual table, which can have no triggers")
    uniques, refused = _uniques(connection, table)
    definition = "\n".join((str(sql), *(repr(unique) for unique in sorted(uniques))))
    # A VACUUM moves tables to other pages: where it stands says nothing.
    del page
    return Facts(definition, "", refused, tuple(uniques), folded=_folded(connection, table, str(sql)))


def _folded(connection: sa.Connection, table: TableName, sql: str) -> tuple[str, ...]:
    """Columns declared with a collation: only the statement that made the table says so."""
    statement = sa.text("SELECT name FROM pragma_table_info(:name)")
    names = [str(name) for name in connection.execute(statement, {"name": table.name}).scalars()]
    declared = r"[\s,(\"`\[]{0}[\s\"`\]][^,]*?\bCOLLATE\s+[\"`\[]?(?!BINARY\b)\w"
    return tuple(name for name in names if re.search(declared.format(re.escape(name)), sql, re.IGNORECASE))


def _uniques(connection: sa.Connection, table: TableName) -> tuple[list[Unique], str]:
    """Unique indexes, the primary key among them. Conditions of partial ones are left out: more rows are noted than needed."""
    indexes: list[Any] = list(
        connection.execute(
            sa.text(
                "SELECT i.name, x.name, x.coll, x.cid FROM pragma_index_list(:name) AS i, pragma_index_xinfo(i.name) AS x "
                'WHERE i."unique" AND x.key ORDER BY i.name, x.seqno'
            ),
            {"name": table.name},
        )
    )
    found: list[Unique] = []
    for name, columns in groupby(indexes, key=lambda row: row[0]):
        listed = list(columns)
        if any(cid == -2 for *_, cid in listed):
            return [], (
                f"has a unique index over an expression ({name}): which rows REPLACE would delete for it can't be told; make it an "
                "index over columns"
            )
        found.append(tuple((str(column), str(how)) for _, column, how, _ in listed))
    rowid = connection.execute(
        sa.text("SELECT name FROM pragma_table_info(:name) WHERE pk ORDER BY pk"), {"name": table.name}
    ).scalars()
    primary = tuple((str(name), "BINARY") for name in rowid)
    if primary and not any({n for n, _ in u} == {n for n, _ in primary} for u in found):
        found.append(primary)  # INTEGER PRIMARY KEY: the rowid itself, without an index
    return found, ""


def names(connection: sa.Connection) -> set[str]:
    """See `Dialect.trigger_names`: they are unique in the file."""
    found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars()
    return {str(name) for name in found}
