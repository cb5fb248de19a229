"""SQLite, by Python's own sqlite3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import sqlalchemy as sa

from changeover.dialects.base import Dialect, Shown, Side, TableName, Trouble
from changeover.dialects.block import Block
from changeover.dialects.direct import Site
from changeover.dialects.sqlite import bulk, digest, ids, session, triggers
from changeover.dialects.sqlite.errors import explain, trouble
from changeover.dialects.triggers import Facts, Installed, Outbox, Trigger, Watched
from changeover.types.base import Family


class SQLite(Dialect):
    """See `Dialect`."""

    family: ClassVar[Family] = "sqlite"
    title: ClassVar[str] = "SQLite"
    utc_now: ClassVar[str] = "strftime('%Y-%m-%d %H:%M:%f', 'now')"
    lenient: ClassVar[bool] = True
    single_writer: ClassVar[bool] = True
    max_identifier: ClassVar[int] = 1000

    def engine(self, url: sa.URL, side: Side, pool_size: int) -> sa.Engine:
        return session.engine(url, side, pool_size)

    def trouble(self, error: BaseException) -> Trouble:
        return trouble(error)

    def is_foreign_key(self, error: BaseException) -> bool:
        return "FOREIGN KEY" in str(getattr(error, "orig", None) or error)

    def explain(self, error: BaseException) -> str:
        return explain(error)

    def read(self, connection: sa.Connection, select: sa.Select[Any]) -> Block:
        return bulk.read(connection, select)

    def after(
        self, columns: Sequence[sa.ColumnElement[Any]], values: Sequence[sa.ColumnElement[Any]]
    ) -> sa.ColumnElement[bool]:
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
        columns, values = (", ".join(parts) for parts in zip(*same, strict=True))
        return f"DELETE FROM {self.table(table)} AS t WHERE ({columns}) IN (SELECT {values} FROM {source})"

    def listed(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        named = ", ".join(f"column{place} AS {column}" for place, column in enumerate(columns, 1))
        values = ", ".join(f"({', '.join(row)})" for row in rows)
        return f"(SELECT {named} FROM (VALUES {values})) AS {name}"

    def concat(self, parts: Sequence[str]) -> str:
        return "(" + " || ".join(parts) + ")"

    def constant_after(self, constant: int, column: str) -> str:
        # CROSS JOIN, which fixes an order, would also put an UPDATE's target before the stage.
        return f"{constant} + 0 * length({column})"

    def integer(self, text: str) -> str:
        return f"CAST({text} AS INTEGER)"

    def as_text(self, number: str) -> str:
        return f"CAST({number} AS TEXT)"

    def as_key(self, staged: str) -> str:
        return staged

    @property
    def key_type(self) -> str:
        return "TEXT"

    def lock(self, connection: sa.Connection, targets: Sequence[str], *, exclusive: bool) -> None:
        """Nothing to do: a transaction of the new side begins with BEGIN IMMEDIATE, which excludes every other writer."""

    def allocate(
        self, connection: sa.Connection | None, side: sa.Engine, table: TableName, column: str, count: int
    ) -> list[range]:
        assert connection is not None
        return ids.allocate(connection, table, column, count)

    def reserve(self, side: sa.Engine, table: TableName, column: str, upto: int) -> None:
        ids.reserve(side, table, upto)

    def digests(self, connection: sa.Connection) -> tuple[str, ...]:
        return (digest.MD5, digest.SHA256)

    def row_text(self, fields: Sequence[Shown], function: str) -> str:
        del function
        return digest.row_text(fields)

    def digest(self, text: str, function: str) -> str:
        return f"changeover_{function}(CAST({text} AS BLOB))"

    def digest_sum(self, number: str) -> str:
        return f"changeover_sum({number})"

    def estimate(self, connection: sa.Connection, table: TableName) -> int | None:
        return None

    def outbox_schema(self, connection: sa.Connection) -> str | None:
        return None

    def trigger_ddl(self, watched: Watched, outbox: Outbox) -> list[Trigger]:
        return triggers.trigger_ddl(watched, outbox)

    def installed_triggers(self, connection: sa.Connection, outbox: TableName) -> list[Installed]:
        return triggers.installed(connection, outbox)

    def table_facts(self, connection: sa.Connection, table: TableName) -> Facts | None:
        return triggers.facts(connection, table)

    def blockers(self, connection: sa.Connection, table: TableName) -> list[str]:
        return []

    def wait_briefly(self, connection: sa.Connection) -> None:
        """Nothing to do: BEGIN IMMEDIATE has the file's only lock, or has failed."""

    def trigger_names(self, connection: sa.Connection, table: TableName) -> set[str]:
        return triggers.names(connection)

    def direct_site(self, old: sa.Connection, new: sa.Connection) -> Site:
        return Site("in SQLite a file is a database, and a trigger can't write to another file")
