"""MariaDB and MySQL sessions: UTC, strict, utf8mb4, and the first to give way."""

from __future__ import annotations

import re
from typing import Any

import pymysql
import sqlalchemy as sa
from pymysql.constants import CLIENT
from sqlalchemy import event

from changeover.dialects.base import Side
from changeover.dialects.block import MOST_BYTES
from changeover.errors import ConfigurationError

STRICT = "STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO"
"""The last: a row with the id 0 keeps it. Without it, a counter would give the row another one."""
LOCK_WAIT_SECONDS = 3
"""How long a statement waits for a row or a table before the chunk is tried again: under what an application's own
requests would notice."""

INCARNATION = "changeover_incarnation"
"""What a pooled connection's notes hold of its server: which it is, and since when it runs."""
_STARTED = (
    "SELECT CONCAT(@@hostname, ':', @@port, ':', @@server_id, ':', UNIX_TIMESTAMP() - CAST(variable_value AS SIGNED)) "
    "FROM {}.global_status WHERE variable_name = 'Uptime'"
)

LEAST: dict[Side, tuple[int, int]] = {"old": (5, 6), "capture": (5, 6), "new": (8, 0)}
"""The first version of MySQL that has what is asked of a side: fractions of a second; from 8.0, REGEXP_REPLACE."""

_BOTH = (
    "SET SESSION time_zone = '+00:00'",
    "SET NAMES utf8mb4",
    f"SET SESSION innodb_lock_wait_timeout = {LOCK_WAIT_SECONDS}",
    f"SET SESSION lock_wait_timeout = {LOCK_WAIT_SECONDS}",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
)
LENIENT = "NO_ENGINE_SUBSTITUTION"
"""An old row is read as it is, and the server's answer must not depend on the mode it is configured with."""
# A value larger than a packet is NULL and a warning, and so may none of a chunk's be dropped. MySQL allows it to few accounts.
_EVERY_WARNING = "SET SESSION max_error_count = 65535"
DENIED = 1227
_OLD = (f"SET SESSION group_concat_max_len = {MOST_BYTES}",)
IDLE_SECONDS = 60
"""After which MariaDB ends a transaction that says nothing: rows of the new application that it has written are locked, and an old
server that hangs without closing its connections would keep them so for good. MySQL has no such thing."""
_LET_GO = f"SET SESSION lock_wait_timeout = {LOCK_WAIT_SECONDS} /*M!100302 , idle_transaction_timeout = {IDLE_SECONDS} */"
_READ_ONLY = ("SET SESSION TRANSACTION READ ONLY",)
_SIDES: dict[Side, tuple[str, ...]] = {
    "old": _OLD + _READ_ONLY,
    "new": (_LET_GO,),
    "capture": _OLD,
}


def engine(url: sa.URL, side: Side, pool_size: int) -> sa.Engine:
    """See `Dialect.engine`."""
    made = sa.create_engine(
        url.update_query_dict({"charset": "utf8mb4"}),
        pool_size=pool_size,
        max_overflow=2,
        pool_pre_ping=True,
        pool_recycle=1800,
        hide_parameters=True,
        connect_args={
            "connect_timeout": 10,
            "local_infile": side == "new",
            "max_allowed_packet": 1 << 30,
            "client_flag": CLIENT.FOUND_ROWS,
            # Not later: SQLAlchemy looks at its first session's mode to learn how this server's names are quoted.
            "sql_mode": STRICT if side == "new" else LENIENT,
        },
    )

    @event.listens_for(made, "connect")
    def harden(connection: Any, record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        maria = "MariaDB" in connection.get_server_info()
        if not maria:
            refuse_too_old(connection.get_server_info(), side)
        with connection.cursor() as cursor:
            for statement in _BOTH + _SIDES[side]:
                cursor.execute(statement)
            keep_warnings(cursor, _EVERY_WARNING)
            if side == "new":
                cursor.execute(_STARTED.format("information_schema" if maria else "performance_schema"))
                record.info[INCARNATION] = cursor.fetchone()[0]

    return made


def refuse_too_old(version: str, side: Side) -> None:
    """Raises: ConfigurationError for a MySQL that lacks what the engine asks of it."""
    found = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if found < LEAST[side]:
        least = ".".join(map(str, LEAST[side]))
        name = "new" if side == "new" else "old"
        raise ConfigurationError(
            f"the {name} database is MySQL {version}; on the {name} side MySQL {least} is the first that has what is needed"
        )


def keep_warnings(cursor: Any, statement: str) -> None:
    """Set how many warnings the session keeps. MySQL denies that to most accounts: theirs keep 1,024, and may be asked how many
    there were."""
    try:
        cursor.execute(statement)
    except pymysql.err.OperationalError as error:
        if error.args[0] != DENIED:
            raise
