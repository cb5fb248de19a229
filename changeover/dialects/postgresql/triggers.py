"""Triggers of PostgreSQL: a function for each table, which runs with the rights of who made it and in settings of its own.

Row triggers of a partitioned table are cloned to its partitions by the server. TRUNCATE fires statement triggers only, those of the
partitions that it empties among them.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from changeover.dialects.base import TableName
from changeover.dialects.postgresql.naming import quote
from changeover.dialects.triggers import (
    PREFIX,
    Facts,
    Installed,
    Note,
    Outbox,
    Trigger,
    Watched,
    indented,
    trigger_name,
)

_LONGEST = 63
_NOW = "clock_timestamp() AT TIME ZONE 'UTC'"
_ROWS, _TRUNCATE = f"{PREFIX}rows", f"{PREFIX}truncate"
_ALWAYS = ("search_path = pg_catalog, pg_temp",)
_TEXTS = (
    "TimeZone = 'UTC'",
    "DateStyle = 'ISO'",
    "IntervalStyle = 'postgres'",
    "extra_float_digits = '1'",
    "bytea_output = 'hex'",
)
"""What texts of times, floats and bytes depend on. Setting it costs each row some microseconds: only where a key needs it."""


def trigger_ddl(watched: Watched, outbox: Outbox) -> list[Trigger]:
    """See `Dialect.trigger_ddl`."""
    name = TableName(trigger_name("note", TableName(_unique(watched.table)), _LONGEST), outbox.table.schema)
    table, function = _table(watched.table), _table(name)
    settings = _ALWAYS + (_TEXTS if any(n.settings for n in watched.notes) else ())
    lines = [
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger",
        "LANGUAGE plpgsql SECURITY DEFINER",
        *(f"SET {setting}" for setting in settings),
        "AS $changeover$",
        "BEGIN",
        indented(list(_body(watched, outbox))),
        "  RETURN NULL;",
        "END",
        "$changeover$",
    ]
    create = [
        "\n".join(lines),
        f"REVOKE ALL ON FUNCTION {function}() FROM PUBLIC",
        *_attached(watched.table, _ROWS, "INSERT OR UPDATE OR DELETE", "ROW", function),
    ]
    drop = [f"DROP TRIGGER IF EXISTS {quote(_ROWS)} ON {table}"]
    for one in (watched.table, *watched.partitions):
        create += _attached(one, _TRUNCATE, "TRUNCATE", "STATEMENT", function)
        drop.append(f"DROP TRIGGER IF EXISTS {quote(_TRUNCATE)} ON {_table(one)}")
    return [
        Trigger(name.name, watched.table, tuple(create), (*drop, f"DROP FUNCTION IF EXISTS {function}()"))
    ]


def _attached(table: TableName, name: str, events: str, each: str, function: str) -> Iterator[str]:
    on = _table(table)
    yield f"CREATE TRIGGER {quote(name)} AFTER {events} ON {on}\nFOR EACH {each} EXECUTE FUNCTION {function}()"
    # Also for sessions that replay others' changes (session_replication_role = replica), which skip ordinary triggers.
    yield f"ALTER TABLE {on} ENABLE ALWAYS TRIGGER {quote(name)}"


def _body(watched: Watched, outbox: Outbox) -> Iterator[str]:
    yield "IF TG_OP = 'TRUNCATE' THEN"
    yield indented([_insert(outbox, outbox.truncated, literal(str(watched.table)))])
    for event, row in (("INSERT", "NEW"), ("DELETE", "OLD")):
        yield f"ELSIF TG_OP = '{event}' THEN"
        yield indented([_noted(note, row, outbox) for note in watched.notes])
    yield "ELSE"
    for note in watched.notes:
        yield indented([_noted(note, "NEW", outbox), _if(_other(note), _noted(note, "OLD", outbox))])
    yield "END IF;"


def _noted(note: Note, row: str, outbox: Outbox) -> str:
    statement = _insert(outbox, note.source, note.new if row == "NEW" else note.old)
    present = " AND ".join(f"{row}.{quote(c)} IS NOT NULL" for c in note.columns)
    return _if(present, statement) if note.nullable else statement


def _other(note: Note) -> str:
    """SQL: the row has another key than it had."""
    if note.numbers:
        return " OR ".join(f"OLD.{quote(c)} IS DISTINCT FROM NEW.{quote(c)}" for c in note.columns)
    return f'({note.old}) COLLATE "C" IS DISTINCT FROM ({note.new})'


def _if(condition: str, statement: str) -> str:
    return f"IF {condition} THEN\n{indented([statement])}\nEND IF;"


def _insert(outbox: Outbox, source: str, key: str) -> str:
    return f"INSERT INTO {_table(outbox.table)} (source, row_key, at)\nVALUES ({literal(source)}, {key}, {_NOW});"


def literal(text: str) -> str:
    """A text that is read alike whatever ``standard_conforming_strings`` says."""
    quoted = "'" + text.replace("'", "''") + "'"
    return "E" + quoted.replace("\\", "\\\\") if "\\" in text else quoted


def _table(table: TableName) -> str:
    return f"{quote(table.schema)}.{quote(table.name)}" if table.schema else quote(table.name)


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
        own = _table(TableName(str(function), outbox.schema))
        drop = f"DROP FUNCTION IF EXISTS {own}()"
        if trigger is None:
            found.append(Installed(str(function), str(function), TableName(""), str(body), False, (drop,)))
            continue
        on = TableName(str(table), None if here else str(schema))
        parts = () if clone else (f"DROP TRIGGER IF EXISTS {quote(str(trigger))} ON {_table(on)}",)
        state = _text(enabled)
        definition = f"{body}\n{head}\n{state}"
        name = f"{on}/{trigger}"
        found.append(Installed(name, str(function), on, definition, state in "AO", parts))
        functions[own] = Installed(str(function), str(function), TableName(""), "", True, (drop,))
    return [*found, *functions.values()]


def facts(connection: sa.Connection, table: TableName) -> Facts | None:
    """See `Dialect.table_facts`."""
    name = {"name": _table(table)}
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
    return Facts(definition, str(found[3]), refused, partitions=tuple(partitions))


def _partitions(connection: sa.Connection, oid: int) -> list[TableName]:
    statement = sa.text(
        "WITH RECURSIVE below AS (SELECT inhrelid FROM pg_inherits WHERE inhparent = :oid "
        "UNION SELECT i.inhrelid FROM pg_inherits AS i JOIN below AS b ON i.inhparent = b.inhrelid) "
        "SELECT c.relname, n.nspname, n.nspname = current_schema() FROM below JOIN pg_class AS c ON c.oid = inhrelid "
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
    "UNION ALL SELECT concat_ws(' ', relname, relkind) FROM pg_class WHERE oid = :oid ORDER BY 1"
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
        for pid, user, application, seconds, state in connection.execute(statement, {"name": _table(table)})
    ]


def _text(value: object) -> str:
    """PostgreSQL's "char", which some drivers give as bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)
