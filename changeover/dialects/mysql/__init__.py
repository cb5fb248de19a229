"""MariaDB and MySQL, by PyMySQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import sqlalchemy as sa

from changeover.dialects.base import Dialect, Shown, Side, TableName, Trouble
from changeover.dialects.block import Block
from changeover.dialects.direct import Direct, Receiver, Site
from changeover.dialects.mysql import digest, ids, reading, session, staging, triggers
from changeover.dialects.mysql import direct as direct_mode
from changeover.dialects.mysql.errors import code, explain, trouble
from changeover.dialects.mysql.naming import quote
from changeover.dialects.triggers import Facts, Installed, Outbox, Reference, Trigger, Watched
from changeover.types.base import Family


class MySQL(Dialect):
    """See `Dialect`."""

    family: ClassVar[Family] = "mysql"
    title: ClassVar[str] = "MariaDB/MySQL"
    utc_now: ClassVar[str] = "UTC_TIMESTAMP(6)"
    takes_ids_ahead: ClassVar[bool] = True
    then_join: ClassVar[str] = "STRAIGHT_JOIN"
    max_identifier: ClassVar[int] = 64

    def engine(self, url: sa.URL, side: Side, pool_size: int) -> sa.Engine:
        return session.engine(url, side, pool_size)

    def trouble(self, error: BaseException) -> Trouble:
        return trouble(error)

    def is_foreign_key(self, error: BaseException) -> bool:
        return code(error) in (1216, 1217, 1451, 1452)

    def explain(self, error: BaseException) -> str:
        return explain(error)

    def quote(self, name: str) -> str:
        return quote(name)

    def read(self, connection: sa.Connection, select: sa.Select[Any]) -> Block:
        return reading.read(connection, select)

    def after(
        self, columns: Sequence[sa.ColumnElement[Any]], values: Sequence[sa.ColumnElement[Any]]
    ) -> sa.ColumnElement[bool]:
        # `(a, b) > (x, y)` would be a full index scan: only the spelled-out form is read as a range.
        return _compare(columns, values, last=lambda c, v: c > v, first=lambda c, v: c >= v)

    def upto(
        self, columns: Sequence[sa.ColumnElement[Any]], values: Sequence[sa.ColumnElement[Any]]
    ) -> sa.ColumnElement[bool]:
        return _compare(
            columns, values, last=lambda c, v: c <= v, first=lambda c, v: c <= v, descend=lambda c, v: c < v
        )

    def stage(self, connection: sa.Connection, name: str, columns: Sequence[str], block: Block) -> None:
        staging.stage(connection, name, columns, block)

    def update(
        self, table: TableName, assignments: Sequence[tuple[str, str]], source: str, on: str, where: str
    ) -> str:
        sets = ", ".join(f"t.{quote(column)} = {value}" for column, value in assignments)
        # The source comes first: MySQL takes no table made of a SELECT in parentheses of its own.
        return f"UPDATE {source} JOIN {self.table(table)} AS t ON {on} SET {sets} WHERE {where}"

    def delete(self, table: TableName, source: str, same: Sequence[tuple[str, str]]) -> str:
        # The order of the tables is fixed: a scan of the target would wait for rows that others have locked.
        on = " AND ".join(f"{column} = {value}" for column, value in same)
        return f"DELETE t FROM {source} {self.then_join} {self.table(table)} AS t ON {on}"

    def listed(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        first = ", ".join(f"{value} AS {column}" for column, value in zip(columns, rows[0], strict=True))
        selects = " UNION ALL SELECT ".join([first, *(", ".join(row) for row in rows[1:])])
        return f"(SELECT {selects}) AS {name}"

    def concat(self, parts: Sequence[str]) -> str:
        return f"CONCAT({', '.join(parts)})"

    def integer(self, text: str) -> str:
        return f"CAST({text} AS DECIMAL(65, 0))"

    def as_text(self, number: str) -> str:
        return f"CAST({number} AS CHAR)"

    def as_key(self, staged: str) -> str:
        return f"CAST({staged} AS BINARY)"

    @property
    def key_type(self) -> str:
        return staging.KEY_TYPE

    def lock(self, connection: sa.Connection, targets: Sequence[str], *, exclusive: bool) -> None:
        mode = "FOR UPDATE" if exclusive else "LOCK IN SHARE MODE"
        for target in targets:
            found = connection.execute(
                sa.text(f"SELECT target FROM changeover_table_lock WHERE target = :t {mode}"), {"t": target}
            ).first()
            if found is None:
                raise RuntimeError(f"no lock row for {target}: plan the table first")

    def allocate(
        self, connection: sa.Connection | None, side: sa.Engine, table: TableName, column: str, count: int
    ) -> list[range]:
        return ids.allocate(side, table, column, count)

    def reserve(self, side: sa.Engine, table: TableName, column: str, upto: int) -> None:
        ids.reserve(side, table, column, upto)

    def incarnation(self, connection: sa.Connection) -> str:
        return str(connection.connection.info[session.INCARNATION])

    def has_too_large(self, connection: sa.Connection, result: Any) -> bool:
        return reading.has_too_large(connection, result)

    def digests(self, connection: sa.Connection) -> tuple[str, ...]:
        return digest.digests(connection)

    def row_text(self, fields: Sequence[Shown], function: str) -> str:
        return digest.row_text(fields, function)

    def digest(self, text: str, function: str) -> str:
        return digest.digest(text, function)

    def digest_sum(self, number: str) -> str:
        return f"CAST(SUM({number}) AS CHAR)"

    def bucket(self, key: str, lower: str, width: str) -> str:
        return f"(({key} - ({lower}) - 1) DIV {width})"

    def estimate(self, connection: sa.Connection, table: TableName) -> int | None:
        statement = sa.text(
            "SELECT table_rows FROM information_schema.tables WHERE table_name = :name AND table_schema = "
            "COALESCE(:schema, DATABASE())"
        )
        found = connection.execute(statement, {"name": table.name, "schema": table.schema}).scalar()
        return None if found is None else int(found)

    def outbox_schema(self, connection: sa.Connection) -> str | None:
        return triggers.home(connection)

    def trigger_ddl(self, watched: Watched, outbox: Outbox) -> list[Trigger]:
        return triggers.trigger_ddl(watched, outbox)

    def installed_triggers(self, connection: sa.Connection, outbox: TableName) -> list[Installed]:
        return triggers.installed(connection, outbox)

    def table_facts(self, connection: sa.Connection, table: TableName) -> Facts | None:
        return triggers.facts(connection, table)

    def blockers(self, connection: sa.Connection, table: TableName) -> list[str]:
        return triggers.blockers(connection)

    def trigger_names(self, connection: sa.Connection, table: TableName) -> set[str]:
        return triggers.names(connection, table)

    def wait_briefly(self, connection: sa.Connection) -> None:
        connection.exec_driver_sql("SET SESSION lock_wait_timeout = 1")

    def prepared(self, connection: sa.Connection) -> list[str]:
        return triggers.prepared(connection)

    def silent_cascades(self, connection: sa.Connection) -> list[Reference]:
        return triggers.references(connection)

    def direct_site(self, old: sa.Connection, new: sa.Connection) -> Site:
        return direct_mode.site(old, new)

    def direct_receiver(self, new: sa.Connection, table: TableName) -> Receiver:
        return direct_mode.receiver(new, table)

    def direct_ddl(self, direct: Direct, outbox: Outbox) -> list[Trigger]:
        return direct_mode.ddl(direct, outbox)


def _compare(
    columns: Any, values: Any, *, last: Any, first: Any, descend: Any = None
) -> sa.ColumnElement[bool]:
    """``a > x OR (a = x AND b > y)``, with ``a >= x`` before it so that the whole of it is a range on the first column."""
    descend = descend or last
    if len(columns) == 1:
        return last(columns[0], values[0])
    terms: list[sa.ColumnElement[bool]] = []
    for depth in range(len(columns)):
        op = last if depth == len(columns) - 1 else descend
        equal = [columns[i] == values[i] for i in range(depth)]
        terms.append(sa.and_(*equal, op(columns[depth], values[depth])))
    return sa.and_(first(columns[0], values[0]), sa.or_(*terms))
