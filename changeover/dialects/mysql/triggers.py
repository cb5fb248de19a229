"""Triggers of MariaDB and MySQL.

They run with the rights of who made them, in the sql_mode, character set and collation of the session that made them. The session's
time zone is the application's: no key is written whose text depends on it.

InnoDB's cascades fire no triggers: a BEFORE trigger of the parent notes the rows that will be touched. It reads them with a locking
read, so that it sees what others have committed, and nobody adds one before the parent's change is done.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy import exc

from changeover.dialects.base import TableName
from changeover.dialects.mysql.naming import quote
from changeover.dialects.mysql.table_numbers import table_numbers
from changeover.dialects.triggers import (
    KEY_BYTES,
    Cascade,
    Facts,
    Installed,
    Note,
    Outbox,
    Reference,
    Trigger,
    Watched,
    indented,
    trigger_name,
)

_LONGEST = 64
_NOW = "UTC_TIMESTAMP(6)"
_COUNTER = re.compile(r" AUTO_INCREMENT=\d+")
_INDEX = re.compile(r"^  KEY .*\n", re.MULTILINE)


def trigger_ddl(watched: Watched, outbox: Outbox) -> list[Trigger]:
    """See `Dialect.trigger_ddl`."""
    made: list[Trigger] = []
    for event, body in _bodies(watched, outbox):
        if not body:
            continue
        timing, verb = event.split()
        name = trigger_name(timing[0].lower() + verb[0].lower(), watched.table, _LONGEST)
        create = (
            f"CREATE TRIGGER {_table(TableName(name, watched.table.schema))}\n"
            f"{event} ON {_table(watched.table)} FOR EACH ROW\n{_compound(body)}"
        )
        own = TableName(name, watched.table.schema)
        made.append(Trigger(str(own), watched.table, (create,), (_drop(own),)))
    return made


def _compound(body: Sequence[str]) -> str:
    """One insert stands by itself: a block around it costs each row a twentieth more."""
    if len(body) == 1 and body[0].startswith("INSERT"):
        return body[0].removesuffix(";")
    return f"BEGIN\n{indented(body)}\nEND"


def _bodies(watched: Watched, outbox: Outbox) -> Iterator[tuple[str, list[str]]]:
    notes = watched.notes
    yield "AFTER INSERT", [_noted(watched, n, "NEW", outbox) for n in notes]
    updated = [
        statement
        for n in notes
        for statement in (
            _noted(watched, n, "NEW", outbox),
            _if(_other(n), _noted(watched, n, "OLD", outbox)),
        )
    ]
    yield "AFTER UPDATE", updated
    yield "AFTER DELETE", [_noted(watched, n, "OLD", outbox) for n in notes]
    yield "BEFORE DELETE", [s for c in watched.cascades if c.event == "delete" for s in _cascaded(c, outbox)]
    updates = [c for c in watched.cascades if c.event == "update"]
    yield (
        "BEFORE UPDATE",
        [
            _if(" OR ".join(_differ(f"OLD.{quote(c)}", f"NEW.{quote(c)}") for c in changed), *statements)
            for changed in dict.fromkeys(c.changed for c in updates)
            if (statements := [s for c in updates if c.changed == changed for s in _cascaded(c, outbox)])
        ],
    )


def _noted(watched: Watched, note: Note, row: str, outbox: Outbox) -> str:
    key = note.new if row == "NEW" else note.old
    source, written = _entry(note.source, key, str(watched.table), note.long, outbox)
    statement = f"{_into(outbox)}\nVALUES ({source}, {written}, {_NOW});"
    return _if(_present(row, note.columns), statement) if note.nullable else statement


def _other(note: Note) -> str:
    """SQL: the row has another key than it had."""
    if note.numbers:
        return " OR ".join(f"NOT (OLD.{quote(c)} <=> NEW.{quote(c)})" for c in note.columns)
    return _differ(note.old, note.new)


def _cascaded(cascade: Cascade, outbox: Outbox) -> Iterator[str]:
    first, *rest = cascade.steps
    last = cascade.steps[-1]
    tables = f"{_at_home(first.table, outbox)} AS {first.alias}"
    for step in rest:
        tables += f"\nJOIN {_at_home(step.table, outbox)} AS {step.alias} ON {_on(step.on, step.alias)}"
    where = _on(first.on, first.alias)
    for place, key in enumerate(cascade.keys):
        more = [_present(last.alias, cascade.columns)] if cascade.columns else []
        more += [_differ(cascade.keys[0], key)] if place else []
        source, written = _entry(cascade.source, key, str(last.table), cascade.long, outbox)
        yield (
            f"{_into(outbox)}\nSELECT {source}, {written}, {_NOW}\nFROM {tables}\n"
            f"WHERE {' AND '.join([where, *more])}\nLOCK IN SHARE MODE;"
        )


def _at_home(table: TableName, outbox: Outbox) -> str:
    """The table with its schema: in a trigger of a table elsewhere, no schema would mean that one."""
    return _table(TableName(table.name, table.schema or outbox.table.schema))


def _present(row: str, columns: Sequence[str]) -> str:
    return " AND ".join(f"{row}.{quote(c)} IS NOT NULL" for c in columns)


def _if(condition: str, *statements: str) -> str:
    return f"IF {condition} THEN\n{indented(statements)}\nEND IF;"


def _on(pairs: Sequence[tuple[str, str, str]], alias: str) -> str:
    return " AND ".join(f"{alias}.{quote(own)} = {before}.{quote(column)}" for own, before, column in pairs)


def _entry(source: str, key: str, table: str, long: bool, outbox: Outbox) -> tuple[str, str]:
    """SQL of an entry's source and key. A key too long for the outbox must not be cut, nor fail the application's statement."""
    if not long:
        return literal(source), key
    fits = f"OCTET_LENGTH({key}) <= {KEY_BYTES}"
    return (
        f"IF({fits}, {literal(source)}, {literal(outbox.missed)})",
        f"IF({fits}, {key}, {literal(table)})",
    )


def _into(outbox: Outbox) -> str:
    return f"INSERT INTO {_table(outbox.table)} (`source`, `row_key`, `at`)"


def _differ(one: str, other: str) -> str:
    return f"NOT (CAST({one} AS BINARY) <=> CAST({other} AS BINARY))"


def literal(text: str) -> str:
    """A text in the sql_mode that capture's sessions have."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _table(table: TableName) -> str:
    return f"{quote(table.schema)}.{quote(table.name)}" if table.schema else quote(table.name)


def _drop(trigger: TableName) -> str:
    return f"DROP TRIGGER IF EXISTS {_table(trigger)}"


# What stands in the database


def home(connection: sa.Connection) -> str | None:
    """See `Dialect.outbox_schema`."""
    return connection.exec_driver_sql("SELECT DATABASE()").scalar()


def installed(connection: sa.Connection, outbox: TableName) -> list[Installed]:
    """See `Dialect.installed_triggers`."""
    statement = sa.text(
        "SELECT trigger_name, event_object_schema, event_object_table, action_timing, event_manipulation, action_statement, "
        "sql_mode FROM information_schema.triggers WHERE INSTR(action_statement, :outbox) > 0 ORDER BY 2, 3, 1"
    )
    here = home(connection)
    found: list[Installed] = []
    for name, schema, table, timing, event, body, mode in connection.execute(
        statement, {"outbox": _table(outbox)}
    ):
        own = TableName(str(table), None if schema == here else str(schema))
        definition = f"{timing} {event} {mode} {body}"
        trigger = TableName(str(name), own.schema)
        found.append(Installed(str(trigger), str(trigger), own, definition, True, (_drop(trigger),)))
    return found


def references(connection: sa.Connection) -> list[Reference]:
    """See `Dialect.silent_cascades`."""
    statement = sa.text(
        "SELECT r.constraint_schema, r.table_name, r.constraint_name, r.delete_rule, r.update_rule, k.column_name, "
        "k.referenced_table_schema, k.referenced_table_name, k.referenced_column_name "
        "FROM information_schema.referential_constraints AS r JOIN information_schema.key_column_usage AS k "
        "ON k.constraint_schema = r.constraint_schema AND k.constraint_name = r.constraint_name AND k.table_name = r.table_name "
        "WHERE r.delete_rule IN ('CASCADE', 'SET NULL', 'SET DEFAULT') OR r.update_rule IN ('CASCADE', 'SET NULL', 'SET DEFAULT') "
        "ORDER BY 1, 2, 3, k.ordinal_position"
    )
    here = home(connection)
    found: dict[tuple[str, str, str], Reference] = {}
    for schema, table, name, delete, update, column, p_schema, parent, p_column in connection.execute(
        statement
    ):
        place = (str(schema), str(table), str(name))
        so_far = found.get(place)
        found[place] = Reference(
            TableName(str(table), None if schema == here else str(schema)),
            (*(so_far.columns if so_far else ()), str(column)),
            TableName(str(parent), None if p_schema == here else str(p_schema)),
            (*(so_far.parent_columns if so_far else ()), str(p_column)),
            str(delete),
            str(update),
            str(name),
        )
    return list(found.values())


def facts(connection: sa.Connection, table: TableName) -> Facts | None:
    """See `Dialect.table_facts`."""
    statement = sa.text(
        "SELECT table_type, engine, auto_increment FROM information_schema.tables "
        "WHERE table_name = :name AND table_schema = COALESCE(:schema, DATABASE())"
    )
    _look_afresh(connection)
    found = connection.execute(statement, {"name": table.name, "schema": table.schema}).first()
    if found is None:
        return None
    kind, engine, counter = found
    if kind != "BASE TABLE":
        return Facts("", "", "is a view: triggers stand on tables only; map the table itself")
    refused = ""
    if str(engine).lower() != "innodb":
        refused = (
            f"is stored by {engine}, which has no transactions: an entry could stay without its change, or the other way round; "
            "ALTER TABLE … ENGINE=InnoDB"
        )
    shown = str(
        connection.exec_driver_sql(f"SHOW CREATE TABLE {_table(table).replace('%', '%%')}").all()[0][1]
    )
    definition = _INDEX.sub("", _COUNTER.sub("", shown)).replace(",\n)", "\n)")
    numbers = table_numbers(connection, str(table.schema or home(connection)), table)
    if numbers is not None:
        return Facts(definition, " ".join(numbers), refused)
    # The time of creation tells nothing: TRUNCATE leaves it as it is, and every index changes it.
    seen = "TRUNCATE is noticed by its counter only" if counter else "TRUNCATE is not noticed"
    blind = f"{seen}; GRANT PROCESS ON *.* lets the account see it"
    return Facts(definition, "", refused, counter=int(counter or 0), blind=blind)


def _is_mariadb(connection: sa.Connection) -> bool:
    return bool(getattr(connection.dialect, "is_mariadb", False))


def _look_afresh(connection: sa.Connection) -> None:
    """MySQL 8 answers from figures that are up to a day old; MariaDB has no such setting."""
    if not _is_mariadb(connection):
        with contextlib.suppress(exc.DBAPIError):
            connection.exec_driver_sql("SET SESSION information_schema_stats_expiry = 0")


def blockers(connection: sa.Connection) -> list[str]:
    """See `Dialect.blockers`: transactions that are open, since who holds which table is told by few servers."""
    statement = (
        "SELECT p.id, p.user, p.host, TIMESTAMPDIFF(SECOND, t.trx_started, NOW()), p.command "
        "FROM information_schema.innodb_trx AS t JOIN information_schema.processlist AS p ON p.id = t.trx_mysql_thread_id "
        "WHERE p.id <> CONNECTION_ID() ORDER BY t.trx_started LIMIT 5"
    )
    return _undecided(connection) + [
        f"connection {number} ({user}@{host}): in a transaction for {seconds} s, now {str(command).lower()}"
        for number, user, host, seconds, command in connection.exec_driver_sql(statement)
    ]


def _undecided(connection: sa.Connection) -> list[str]:
    """Prepared transactions of MySQL, which keep their locks when their clients have left. Its list takes XA_RECOVER_ADMIN."""
    if _is_mariadb(connection):
        return []
    with contextlib.suppress(exc.DBAPIError):
        found = connection.exec_driver_sql("XA RECOVER CONVERT XID")
        return [f"prepared transaction {xid}, to be committed or rolled back" for *_, xid in found]
    return []


def names(connection: sa.Connection, table: TableName) -> set[str]:
    """See `Dialect.trigger_names`."""
    statement = sa.text(
        "SELECT trigger_name FROM information_schema.triggers "
        "WHERE event_object_table = :name AND event_object_schema = COALESCE(:schema, DATABASE())"
    )
    found = connection.execute(statement, {"name": table.name, "schema": table.schema}).scalars()
    return {str(TableName(str(name), table.schema)) for name in found}


def prepared(connection: sa.Connection) -> list[str]:
    """See `Dialect.prepared`. MySQL keeps the locks of prepared transactions, and its list needs a right of its own."""
    if not _is_mariadb(connection):
        return []
    return [str(xid) for *_, xid in connection.exec_driver_sql("XA RECOVER FORMAT='SQL'")]
