"""Triggers of PostgreSQL: a function for each table, which runs with the rights of who made it.

What statements insert and delete is noted as a whole. That misses what they do to a table through another one's name: a partition,
or a table that inherits, is noted row by row, by triggers that the server clones to partitions. Subscriptions to other servers
replay row by row too, and fire no triggers of statements: for these there is a trigger of rows that ordinary sessions skip.

TRUNCATE fires statement triggers only, those of the partitions that it empties among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import sqlalchemy as sa

from changeover.dialects.base import TableName
from changeover.dialects.postgresql.naming import quote
from changeover.dialects.postgresql.noting import (
    NEW_ROWS,
    OLD_ROWS,
    literal,
    names_all,
    statements,
    table_name,
)
from changeover.dialects.triggers import (
    PREFIX,
    Facts,
    Installed,
    Outbox,
    Trigger,
    Watched,
    indented,
    trigger_name,
)

__all__ = ["blockers", "facts", "home", "installed", "literal", "trigger_ddl"]

_LONGEST = 63
_ROWS, _REPLAYED, _TRUNCATE = f"{PREFIX}rows", f"{PREFIX}replayed", f"{PREFIX}truncate"
_STATEMENTS = {
    "INSERT": f"NEW TABLE AS {quote(NEW_ROWS)}",
    "DELETE": f"OLD TABLE AS {quote(OLD_ROWS)}",
}
_PATH = ("search_path = pg_catalog, pg_temp",)
_TEXTS = (
    "TimeZone = 'UTC'",
    "DateStyle = 'ISO'",
    "IntervalStyle = 'postgres'",
    "extra_float_digits = '1'",
    "bytea_output = 'hex'",
)
"""What texts of times, floats and bytes depend on. A setting costs each call some microseconds: only where a key needs it."""


def trigger_ddl(watched: Watched, outbox: Outbox) -> list[Trigger]:
    """See `Dialect.trigger_ddl`."""
    name = TableName(trigger_name("note", TableName(_unique(watched.table)), _LONGEST), outbox.table.schema)
    table, function = table_name(watched.table), table_name(name)
    body = indented(list(statements(watched, outbox)))
    mark = next(mark for n in count() if (mark := f"$changeover{n or ''}$") not in body)
    lines = [
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger",
        "LANGUAGE plpgsql SECURITY DEFINER",
        *(f"SET {setting}" for setting in _settings(watched, outbox)),
        f"AS {mark}",
        "BEGIN",
        body,
        "  RETURN NULL;",
        "END",
        mark,
    ]
    create = ["\n".join(lines), f"REVOKE ALL ON FUNCTION {function}() FROM PUBLIC"]
    made = list(_made(watched))
    for trigger, how, fires in made:
        create += _attached(watched.table, trigger, how, function, fires)
    drop = [f"DROP TRIGGER IF EXISTS {quote(trigger)} ON {table}" for trigger, *_ in made]
    for one in (watched.table, *watched.partitions):
        create += _attached(one, _TRUNCATE, f"TRUNCATE ON {table_name(one)}\nFOR EACH STATEMENT", function)
        drop.append(f"DROP TRIGGER IF EXISTS {quote(_TRUNCATE)} ON {table_name(one)}")
    return [
        Trigger(name.name, watched.table, tuple(create), (*drop, f"DROP FUNCTION IF EXISTS {function}()"))
    ]


def _settings(watched: Watched, outbox: Outbox) -> tuple[str, ...]:
    path = () if names_all(watched, outbox) else _PATH
    return path + (_TEXTS if any(n.settings for n in watched.notes) else ())


def _made(watched: Watched) -> Iterator[tuple[str, str, str]]:
    """A table's triggers by name: what they fire after, and when."""
    on = table_name(watched.table)
    if not watched.alone:
        yield _ROWS, f"INSERT OR UPDATE OR DELETE ON {on}\nFOR EACH ROW", "ALWAYS"
        return
    for event, rows in _STATEMENTS.items():
        yield f"{PREFIX}{event.lower()}", f"{event} ON {on}\nREFERENCING {rows}\nFOR EACH STATEMENT", "ALWAYS"
    yield _ROWS, f"UPDATE ON {on}\nFOR EACH ROW", "ALWAYS"
    yield _REPLAYED, f"INSERT OR DELETE ON {on}\nFOR EACH ROW", "REPLICA"


def _attached(table: TableName, name: str, after: str, function: str, fires: str = "ALWAYS") -> Iterator[str]:
    """``fires``: ALWAYS, or in sessions alone that replay others' changes (REPLICA), which skip ordinary triggers.

    Neither is what a trigger is made as, so that one which was disabled for a while shows it.
    """
    yield f"CREATE TRIGGER {quote(name)} AFTER {after} EXECUTE FUNCTION {function}()"
    yield f"ALTER TABLE {table_name(table)} ENABLE {fires} TRIGGER {quote(name)}"


def _unique(table: TableName) -> str:
    """Functions of all schemas' tables stand in one schema."""
    return f"{table.schema}.{table.name}" if table.schema else table.name


# What stands in the database


def home(connection: sa.Connection) -> str | None:
    """See `Dialect.outbox_schema`."""
    return connection.exec_driver_sql("SELECT current_schema()").scalar()


def installed(connection: sa.Connection, outbox: TableName) -> list[Installed]:
    """See `Dialect.installed_triggers`. A function that no trigger calls is one too: an uninstall that was cut short leaves it."""
    statement = sa.text(
        "SELECT f.proname, n.nspname, c.relname, t.tgname, t.tgenabled, pg_get_functiondef(f.oid), "
        "CASE WHEN t.oid IS NOT NULL THEN pg_get_triggerdef(t.oid) END, "
        "n.nspname = current_schema(), t.tgparentid <> 0 FROM pg_proc AS f JOIN pg_namespace AS h ON h.oid = f.pronamespace "
        "LEFT JOIN pg_trigger AS t ON t.tgfoid = f.oid LEFT JOIN pg_class AS c ON c.oid = t.tgrelid "
        "LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace "
        "WHERE h.nspname = COALESCE(:schema, current_schema()) AND starts_with(f.proname, :prefix) "
        "AND strpos(f.prosrc, :outbox) > 0 ORDER BY 1, 2, 3, 4"
    )
    values = {"schema": outbox.schema, "prefix": f"{PREFIX}note_", "outbox": quote(outbox.name)}
    found: list[Installed] = []
    functions: dict[str, Installed] = {}
    for function, schema, table, trigger, enabled, body, head, here, clone in connection.execute(
        statement, values
    ):
        own = table_name(TableName(str(function), outbox.schema))
        drop = f"DROP FUNCTION IF EXISTS {own}()"
        if trigger is None:
            found.append(Installed(str(function), str(function), TableName(""), str(body), False, (drop,)))
            continue
        on = TableName(str(table), None if here else str(schema))
        parts = () if clone else (f"DROP TRIGGER IF EXISTS {quote(str(trigger))} ON {table_name(on)}",)
        state = _text(enabled)
        definition = f"{body}\n{head}\n{state}"
        name = f"{on}/{trigger}"
        found.append(Installed(name, str(function), on, definition, state in "AOR", parts))
        functions[own] = Installed(str(function), str(function), TableName(""), "", True, (drop,))
    return [*found, *functions.values()]


def facts(connection: sa.Connection, table: TableName) -> Facts | None:
    """See `Dialect.table_facts`."""
    name = {"name": table_name(table)}
    found = connection.execute(
        sa.text(
            "SELECT oid, relkind, relpersistence, oid::text FROM pg_class WHERE oid = to_regclass(:name)"
        ),
        name,
    ).first()
    if found is None:
        return None
    oid, kind, lasting = found[0], _text(found[1]), _text(found[2])
    refused = ""
    if kind not in ("r", "p"):
        refused = "is no ordinary or partitioned table: map a table that triggers can stand on"
    elif lasting != "p":
        refused = (
            "is unlogged or temporary: a crash would empty it past all triggers; ALTER TABLE … SET LOGGED"
        )
    partitions = _partitions(connection, oid)
    if kind == "r" and partitions:
        refused = "has tables that inherit from it, whose rows no trigger of its own sees: map each of them"
    definition = "\n".join(str(line) for line in connection.execute(_DEFINITION, {"oid": oid}).scalars())
    definition += "".join(f"\npartition {one}" for one in partitions)
    alone = kind == "r" and not partitions and not connection.execute(_PART, {"oid": oid}).scalar()
    definition += f"\n{connection.execute(_WRITTEN, {'oid': oid}).scalar()}"
    return Facts(definition, str(found[3]), refused, partitions=tuple(partitions), alone=alone)


_PART = sa.text("SELECT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = :oid)")

_BELOW = (
    "WITH RECURSIVE below AS (SELECT inhrelid FROM pg_inherits WHERE inhparent = :oid "
    "UNION SELECT i.inhrelid FROM pg_inherits AS i JOIN below AS b ON i.inhparent = b.inhrelid) "
)

# To become a part of another table writes the columns' rows in the catalog anew, and so does to be set apart again: what happened
# between two looks shows by that. So does ALTER COLUMN … TYPE, which with USING gives all rows other values, be it of the type that
# they had. VACUUM and ANALYZE leave them.
_WRITTEN = sa.text(
    f"{_BELOW} SELECT string_agg(xmin::text, ' ' ORDER BY attrelid, attnum) FROM pg_attribute "
    "WHERE attnum > 0 AND (attrelid = :oid OR attrelid IN (SELECT inhrelid FROM below))"
)


def _partitions(connection: sa.Connection, oid: int) -> list[TableName]:
    statement = sa.text(
        f"{_BELOW} SELECT c.relname, n.nspname, n.nspname = current_schema() FROM below JOIN pg_class AS c ON c.oid = inhrelid "
        "JOIN pg_namespace AS n ON n.oid = c.relnamespace ORDER BY 2, 1"
    )
    return [
        TableName(str(name), None if here else str(schema))
        for name, schema, here in connection.execute(statement, {"oid": oid})
    ]


_DEFINITION = sa.text(
    "SELECT concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, attcollation::regcollation) "
    "FROM pg_attribute WHERE attrelid = :oid AND attnum > 0 AND NOT attisdropped "
    "UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = :oid AND contype IN ('p', 'u') "
    "UNION ALL SELECT concat_ws(' ', relname, relkind) FROM pg_class WHERE oid = :oid "
    # To rename a value of an enum gives it to all rows that have it.
    "UNION ALL SELECT concat_ws(' ', e.enumtypid::regtype, e.enumlabel) FROM pg_enum AS e JOIN pg_type AS t "
    "ON e.enumtypid IN (t.oid, t.typelem, t.typbasetype) JOIN pg_attribute AS a ON a.atttypid = t.oid "
    "WHERE a.attrelid = :oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1"
)


def blockers(connection: sa.Connection, table: TableName) -> list[str]:
    """See `Dialect.blockers`."""
    statement = sa.text(
        "SELECT DISTINCT a.pid, a.usename, a.application_name, extract(epoch FROM now() - a.xact_start)::int, a.state "
        "FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid "
        "WHERE l.relation = to_regclass(:name) AND l.granted AND l.pid <> pg_backend_pid() AND l.mode NOT IN "
        "('AccessShareLock', 'RowShareLock') ORDER BY 4 DESC NULLS LAST LIMIT 5"
    )
    return [
        f"process {pid} ({user}{f', {application}' if application else ''}): in a transaction for {seconds} s, {state}"
        for pid, user, application, seconds, state in connection.execute(
            statement, {"name": table_name(table)}
        )
    ]


def _text(value: object) -> str:
    """PostgreSQL's "char", which some drivers give as bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)
