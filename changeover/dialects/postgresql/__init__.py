"""PostgreSQL, by psycopg 3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import sqlalchemy as sa

from changeover.dialects.base import Dialect, Shown, Side, TableName, Trouble
from changeover.dialects.block import Block
from changeover.dialects.direct import Direct, Receiver, Site
from changeover.dialects.postgresql import bulk, digest, ids, session, triggers
from changeover.dialects.postgresql import direct as direct_mode
from changeover.dialects.postgresql.errors import explain, trouble
from changeover.dialects.triggers import Facts, Installed, Outbox, Trigger, Watched
from changeover.types.base import Family


class PostgreSQL(Dialect):
    """See `Dialect`."""

    family: ClassVar[Family] = "postgresql"
    title: ClassVar[str] = "PostgreSQL"
    utc_now: ClassVar[str] = "clock_timestamp() AT TIME ZONE 'UTC'"

    def engine(self, url: sa.URL, side: Side, pool_size: int) -> sa.Engine:
        return session.engine(url, side, pool_size)

    def trouble(self, error: BaseException) -> Trouble:
        return trouble(error)

    def is_foreign_key(self, error: BaseException) -> bool:
        return getattr(getattr(error, "orig", None) or error, "sqlstate", None) == "23503"

    def explain(self, error: BaseException) -> str:
        return explain(error)

    def read(self, connection: sa.Connection, select: sa.Select[Any]) -> Block:
        return bulk.read(connection, select)

    def after(
        self, columns: Sequence[sa.ColumnElement[Any]], values: Sequence[sa.ColumnElement[Any]]
    ) -> sa.ColumnElement[bool]:
        # Spelled out with OR, this would be a filter; the row comparison is an index condition.
        return columns[0] > values[0] if len(columns) == 1 else sa.tuple_(*columns) > sa.tuple_(*values)

    def upto(
        self, columns: Sequence[sa.ColumnElement[Any]], values: Sequence[sa.ColumnElement[Any]]
    ) -> sa.ColumnElement[bool]:
        return columns[0] <= values[0] if len(columns) == 1 else sa.tuple_(*columns) <= sa.tuple_(*values)

    def stage(self, connection: sa.Connection, name: str, columns: Sequence[str], block: Block) -> None:
        bulk.stage(connection, name, columns, block)

    def update(
        self, table: TableName, assignments: Sequence[tuple[str, str]], source: str, on: str, where: str
    ) -> str:
        sets = ", ".join(f"{self.quote(column)} = {value}" for column, value in assignments)
        return f"UPDATE {self.table(table)} AS t SET {sets} FROM {source} WHERE ({on}) AND ({where})"

    def delete(self, table: TableName, source: str, same: Sequence[tuple[str, str]]) -> str:
        on = " AND ".join(f"{column} = {value}" for column, value in same)
        return f"DELETE FROM {self.table(table)} AS t USING {source} WHERE {on}"

    def listed(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        values = ", ".join(f"({', '.join(row)})" for row in rows)
        return f"(VALUES {values}) AS {name} ({', '.join(columns)})"

    def concat(self, parts: Sequence[str]) -> str:
        return "(" + " || ".join(parts) + ")"

    def insert_override(self) -> str:
        return "OVERRIDING SYSTEM VALUE "

    def constant_after(self, constant: int, column: str) -> str:
        # A mapping that statistics don't know yet looks as if it had one link, and any index on its number as good as the key's.
        return f"{constant} + 0 * length({column})"

    def integer(self, text: str) -> str:
        return f"({text})::numeric"

    def as_text(self, number: str) -> str:
        return f"({number})::text"

    def as_key(self, staged: str) -> str:
        return f'({staged}) COLLATE "C"'

    @property
    def key_type(self) -> str:
        return bulk.KEY_TYPE

    def lock(self, connection: sa.Connection, targets: Sequence[str], *, exclusive: bool) -> None:
        function = "pg_advisory_xact_lock" if exclusive else "pg_advisory_xact_lock_shared"
        for target in targets:
            connection.execute(sa.text(f"SELECT {function}({LOCK_CLASS}, hashtext(:t))"), {"t": target})

    def allocate(
        self, connection: sa.Connection | None, side: sa.Engine, table: TableName, column: str, count: int
    ) -> list[range]:
        assert connection is not None
        return ids.allocate(connection, table, column, count)

    def reserve(self, side: sa.Engine, table: TableName, column: str, upto: int) -> None:
        ids.reserve(side, table, column, upto)

    def digests(self, connection: sa.Connection) -> tuple[str, ...]:
        return digest.digests(connection)

    def row_text(self, fields: Sequence[Shown], function: str) -> str:
        del function
        return digest.row_text(fields)

    def digest(self, text: str, function: str) -> str:
        return digest.digest(text, function)

    def digest_sum(self, number: str) -> str:
        return f"sum({number})::text"

    def bucket(self, key: str, lower: str, width: str) -> str:
        return f"div({key}::numeric - ({lower}) - 1, {width})::int"

    def estimate(self, connection: sa.Connection, table: TableName) -> int | None:
        name = self.table(table)
        found = connection.execute(
            sa.text("SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(:n)"), {"n": name}
        ).scalar()
        return None if found is None or found < 0 else int(found)

    def outbox_schema(self, connection: sa.Connection) -> str | None:
        return triggers.home(connection)

    def trigger_ddl(self, watched: Watched, outbox: Outbox) -> list[Trigger]:
        return triggers.trigger_ddl(watched, outbox)

    def installed_triggers(self, connection: sa.Connection, outbox: TableName) -> list[Installed]:
        return triggers.installed(connection, outbox)

    def table_facts(self, connection: sa.Connection, table: TableName) -> Facts | None:
        return triggers.facts(connection, table)

    def blockers(self, connection: sa.Connection, table: TableName) -> list[str]:
        return triggers.blockers(connection, table)

    def wait_briefly(self, connection: sa.Connection) -> None:
        connection.exec_driver_sql("SET LOCAL lock_timeout = '1s'")

    def direct_site(self, old: sa.Connection, new: sa.Connection) -> Site:
        return direct_mode.site(old, new)

    def direct_receiver(self, new: sa.Connection, table: TableName) -> Receiver:
        return direct_mode.receiver(new, table)

    def direct_ddl(self, direct: Direct, outbox: Outbox) -> list[Trigger]:
        return direct_mode.ddl(direct, outbox)


LOCK_CLASS = 0x0C4A6E6F
"""The first half of Changeover's advisory lock keys. Two tables whose names hash alike share a lock, which is slower and
still right."""
