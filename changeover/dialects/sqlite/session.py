"""SQLite sessions: foreign keys on, readers that never block the application, writers that wait briefly."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

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

    if side == "old":
        event.listen(made, "do_connect", _only_read)

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
        # Opening a file looks at nothing in it: what can't be read is noticed here.
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1")

    @event.listens_for(made, "begin")
    def begin(connection: sa.Connection) -> None:  # pyright: ignore[reportUnusedFunction]
        # In autocommit each statement has its own snapshot, and no lock is held between them that the application would meet.
        options = connection.get_execution_options()
        if options.get("isolation_level") != "AUTOCOMMIT":
            reads = side == "old" or options.get("changeover_reading")
            connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return made


def _only_read(_: Any, __: Any, arguments: list[Any], options: dict[str, Any]) -> None:
    """Open the file for reading only: a mistyped path would make a new one, empty and without a word.

    Beside a database in WAL mode the files -wal and -shm must be there, or may be made.
    """
    file = str(arguments[0])
    if options.get("uri") or file == ":memory:":
        return
    if not Path(file).is_file():
        raise sqlite3.OperationalError(f"there is no file {file}")
    arguments[0] = f"file:{quote(file)}?mode=ro"
    options["uri"] = True
