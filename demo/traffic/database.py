"""An application's sessions: lenient where its database is, and patient when the server has a bad moment."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, exc

from changeover.dialects import driver_url

BUSY_SECONDS = 30
"""SQLite has one writer at a time: the others stand in line."""

_PASSING_CODES = {1205, 1213, 1020, "40P01", "40001", "55P03", "57P01", "57P02", "57P03"}
"""A lock that was waited for too long, a deadlock, a row that changed meanwhile, a server that shuts down or starts."""


def application_engine(url: str, connections: int) -> sa.Engine:
    """A plain pool, as an application has."""
    parsed = driver_url(url)
    if parsed.get_backend_name() == "sqlite":
        made = sa.create_engine(parsed, connect_args={"timeout": BUSY_SECONDS})
        event.listen(made, "connect", _by_hand)
        event.listen(made, "begin", _immediate)
        return made
    made = sa.create_engine(parsed, pool_size=connections, max_overflow=1, pool_pre_ping=True)
    if parsed.get_backend_name() in ("mysql", "mariadb"):
        event.listen(made, "connect", _lenient)
    return made


def is_passing(error: exc.DBAPIError) -> bool:
    """The same transaction may well succeed if it is tried again."""
    if error.connection_invalidated:
        return True
    original: Any = error.orig
    if str(original).startswith("database is locked"):
        return True
    code = getattr(original, "sqlstate", None) or (original.args[0] if original.args else None)
    return code in _PASSING_CODES or _is_unreachable(original)


def _is_unreachable(original: Any) -> bool:
    """No connection could be made: MariaDB's 2003 and 2013, or a failure of psycopg that no server gave a code to."""
    code = original.args[0] if original.args else None
    return code in (1053, 1927, 2002, 2003, 2006, 2013) or (
        type(original).__name__ == "OperationalError" and getattr(original, "sqlstate", "") is None
    )


def _lenient(connection: Any, _: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION'")


def _by_hand(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver begins no transaction: `_immediate` does


def _immediate(connection: sa.Connection) -> None:
    """A transaction that reads first and writes then could not wait for another writer."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
