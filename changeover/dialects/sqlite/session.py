"""SQLite sessions: foreign keys on, readers that never block the application, writers that wait briefly."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from changeover.dialects.base import Side
from changeover.types import sqlite_functions

BUSY_SECONDS = 30
"""How long BEGIN IMMEDIATE waits for other writers. A chunk takes half a second, but several runs may stand in line, and SQLite
lets whoever comes at the right moment pass."""


def engine(url: sa.URL, side: Side, pool_size: int) -> sa.Engine:
    """See `Dialect.engine`. SQLAlchemy's own pool for files gives each thread its connections."""
    made = sa.create_engine(
        url,
        poolclass=sa.pool.QueuePool,
        pool_size=pool_size,
        max_overflow=2,
        hide_parameters=True,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(made, "connect")
    def harden(connection: Any, _: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        # The driver's own BEGIN comes late and is never IMMEDIATE: transactions are begun below instead.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        if side == "old":
            connection.execute("PRAGMA query_only = ON")
        elif side == "new":
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA temp_store = MEMORY")
        sqlite_functions.register(connection)

    @event.listens_for(made, "begin")
    def begin(connection: sa.Connection) -> None:  # pyright: ignore[reportUnusedFunction]
        # In autocommit each statement has its own snapshot, and no lock is held between them that the application would meet.
        options = connection.get_execution_options()
        if options.get("isolation_level") != "AUTOCOMMIT":
            reads = side == "old" or options.get("changeover_reading")
            connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return made
