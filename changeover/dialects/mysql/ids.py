"""Ids of MariaDB and MySQL: blocks taken from AUTO_INCREMENT, so that nobody else is ever given one of them.

A lock on the table would have its readers wait behind us for whoever reads it already. So ids are taken as the application takes
its own, by an insert, which waits for no reader and keeps none waiting; it is rolled back, which the counter is not. InnoDB gives
a statement the ids for all of its rows at once. Only the first row of ours wants one: the others are one row with the id 0, again
and again.

The counter lives in memory, and is kept by the page that a row was inserted into: hence a second insert, of the last id. A server
that crashes may forget both, unless something was committed since, and a replica never hears of them. Ids that are used are safe,
since the commit of their rows comes later in the same log; ids that are not used yet end with their server (`incarnation`).
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pymysql
import sqlalchemy as sa

from changeover.dialects.base import TableName
from changeover.dialects.mysql.errors import trouble
from changeover.dialects.mysql.naming import quote
from changeover.dialects.mysql.session import keep_warnings
from changeover.dialects.raw import raw
from changeover.errors import MappingError

AT_ONCE = 50_000
"""Most ids of one statement: 0.2 s, as measured."""

KNOCKS, PAUSE_SECONDS = 20, 0.05
"""How often a table is asked for, and about how long is paused in between, before all is tried again."""

PATIENCE_SECONDS = 0.02
"""How long one asking may wait, and the table's users behind it. Without any, statements that come thick never let us in."""

_LOCKED, _WAITED = 1205, 1969
_BITS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}
_DOUBLE = 53
# The table's options begin on the line that closes its columns; comments and partitions, which may hold anything, come later.
_NEXT = re.compile(r"^\) .*?\bAUTO_INCREMENT=(\d+)", re.MULTILINE)
_PLAIN = re.compile(r"^\) ENGINE=InnoDB\b(?!.*^(/\*!\d+)? *PARTITION BY )", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class _Counter:
    """A column's counter: the id that is next, the largest there can be, and whether an insert moves it as said above."""

    next: int
    largest: int
    by_insert: bool

    @property
    def room(self) -> int:
        """Ids that are left."""
        return max(0, self.largest - self.next)


def qualified(table: TableName) -> str:
    """The table, quoted."""
    return f"{quote(table.schema)}.{quote(table.name)}" if table.schema else quote(table.name)


def allocate(side: sa.Engine, table: TableName, column: str, count: int) -> list[range]:
    """See `Dialect.allocate`. Of what is left of a small counter, half at the most is taken at once."""
    with _cursor(side) as cursor:
        counter = _counter(cursor, table, column)
        if counter is None or not counter.room:
            why = "it has no counter" if counter is None else f"its counter is at its end, {counter.largest}"
            raise MappingError(
                f"table {table}, column {column}: {why}; make it AUTO_INCREMENT of a larger type"
            )
        count = min(count, AT_ONCE, max(1, counter.room // 2 // _step(cursor)))
        taken = _inserted(cursor, table, column, count) if counter.by_insert else None
        return [taken or _raised(cursor, table, column, count)]


def reserve(side: sa.Engine, table: TableName, column: str, upto: int) -> None:
    """See `Dialect.reserve`. Where there may be replicas, by ALTER TABLE: of what is rolled back they don't hear."""
    with _cursor(side) as cursor:
        counter = _counter(cursor, table, column)
        if counter is None or counter.next > upto:
            return
        cursor.execute("SELECT @@log_bin")
        alone = not cursor.fetchone()[0]
        if not (alone and counter.by_insert and _insert_last(cursor, table, column, upto)):
            _raised(cursor, table, column, 0, upto + 1)


@contextmanager
def _cursor(side: sa.Engine) -> Generator[Any, None, None]:
    """A cursor of a session that is ended afterwards, with its settings.

    A session of its own: what is in the transaction that uses the ids is rolled back with it, or committed.
    """
    with side.connect() as connection, raw(connection) as driver:
        connection.detach()
        with driver.cursor() as cursor:
            cursor.execute("SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO', foreign_key_checks = 0")
            keep_warnings(cursor, "SET SESSION max_error_count = 0")
            if connection.dialect.is_mariadb:  # type: ignore[attr-defined]
                cursor.execute("SET SESSION check_constraint_checks = 0")
            yield cursor


def _inserted(cursor: Any, table: TableName, column: str, count: int) -> range | None:
    """``count`` ids; None when the table takes no such rows."""
    step = _step(cursor)
    # Between the series of several servers the first may lie one step on, and the last is then another's.
    rows = count if step == 1 else count + 1
    values = "(NULL)" + ",(0)" * (rows - 1)
    first = _undone(cursor, f"INSERT IGNORE INTO {qualified(table)} ({quote(column)}) VALUES {values}")
    taken = range(first, first + count * step, step)
    return taken if first and _insert_last(cursor, table, column, taken[-1]) else None


def _insert_last(cursor: Any, table: TableName, column: str, last: int) -> bool:
    """Have the counter go on above ``last``. False when the table takes no such row."""
    name, id_ = qualified(table), quote(column)
    write = f"INSERT IGNORE INTO {name} ({id_}) VALUES ({last})"
    return bool(_undone(cursor, write, f"SELECT COUNT(*) FROM {name} WHERE {id_} = {last}"))


def _undone(cursor: Any, insert: str, question: str | None = None) -> int:
    """The answer to a question after an insert that is rolled back, or the id that it got; 0 where no row was taken.

    Raises: an error that may not come again.
    """
    cursor.execute("START TRANSACTION")
    try:
        if not cursor.execute(insert):
            return 0
        if question is None:
            return int(cursor.lastrowid)
        cursor.execute(question)
        return int(cursor.fetchone()[0])
    except pymysql.err.MySQLError as error:
        if trouble(error) == "transient":
            raise
        return 0
    finally:
        cursor.execute("ROLLBACK")


def _raised(cursor: Any, table: TableName, column: str, count: int, above: int = 0) -> range:
    """``count`` ids, from ``above`` on, under a table lock that makes one of reading the counter and raising it."""
    name = qualified(table)
    _lock(cursor, name)
    try:
        counter = _counter(cursor, table, column)
        assert counter is not None
        first = max(counter.next, above)
        if first + count > counter.next:
            cursor.execute(f"ALTER TABLE {name} AUTO_INCREMENT = {min(first + count, counter.largest)}")
    finally:
        cursor.execute("UNLOCK TABLES")
    return range(first, first + count)


def _lock(cursor: Any, name: str) -> None:
    """Lock the table, waiting hardly at all where the server can do that: whoever comes later waits behind us.

    MySQL waits for a second at least, and is asked once.
    """
    cursor.execute("SET SESSION lock_wait_timeout = 0")
    cursor.execute("SELECT @@lock_wait_timeout")
    fine = not cursor.fetchone()[0]
    if fine:
        cursor.execute(f"SET SESSION lock_wait_timeout = 1, max_statement_time = {PATIENCE_SECONDS}")
    try:
        for left in range(KNOCKS if fine else 0, -1, -1):
            try:
                cursor.execute(f"LOCK TABLES {name} WRITE")
                return
            except pymysql.err.OperationalError as error:
                if error.args[0] not in (_LOCKED, _WAITED):
                    raise
                if not left:
                    raise pymysql.err.OperationalError(_LOCKED, f"{name} was in use all the time") from error
                time.sleep(PAUSE_SECONDS * random.uniform(0.5, 1.5))
    finally:
        if fine:
            cursor.execute("SET SESSION max_statement_time = 0")


def _step(cursor: Any) -> int:
    cursor.execute("SELECT @@auto_increment_increment")
    return int(cursor.fetchone()[0])


def _counter(cursor: Any, table: TableName, column: str) -> _Counter | None:
    """The column's counter; None when it has none."""
    # MySQL 8 caches what information_schema says of the counter; SHOW CREATE TABLE reads it from the table.
    cursor.execute(f"SHOW CREATE TABLE {qualified(table)}")
    ddl = str(cursor.fetchone()[1])
    declared = re.search(
        rf"^  {re.escape(quote(column))} (\w+)(?:\(\d+\))?( unsigned)?[^'\n]* AUTO_INCREMENT\b",
        ddl,
        re.MULTILINE,
    )
    if declared is None:
        return None
    found = _NEXT.search(ddl)
    bits = _BITS.get(declared[1].lower(), _DOUBLE)
    return _Counter(
        int(found[1]) if found else 1,
        2**bits - 1 if declared[2] else 2 ** (bits - 1) - 1,
        bool(_PLAIN.search(ddl)) and not _fires(cursor, table),
    )


def _fires(cursor: Any, table: TableName) -> bool:
    """Whether an insert would run a trigger, of those that the account may know of."""
    cursor.execute(
        "SELECT COUNT(*) FROM information_schema.triggers WHERE event_object_schema = COALESCE(%s, DATABASE()) "
        "AND event_object_table = %s AND event_manipulation = 'INSERT'",
        (table.schema, table.name),
    )
    return bool(cursor.fetchone()[0])
