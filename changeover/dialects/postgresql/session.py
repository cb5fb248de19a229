"""PostgreSQL sessions: UTC, UTF-8, exact floats, and the first to give way."""

from __future__ import annotations

import sqlalchemy as sa

from changeover.dialects.base import Side

LOCK_WAIT_MILLISECONDS = 3000
"""How long a statement waits for a lock before the chunk is tried again."""

_BOTH = {
    "timezone": "UTC",
    "client_encoding": "UTF8",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "lock_timeout": str(LOCK_WAIT_MILLISECONDS),
    "idle_in_transaction_session_timeout": "60000",
    "application_name": "changeover",
    # A policy would hide rows, and nobody would know that they were not moved: the server raises an error instead.
    "row_security": "off",
}

_NEW = {
    # Every statement of ours starts at a stage of some thousand rows and goes on by index, in the order it is written in.
    # Fresh tables have no statistics, and a planner without them hashes all of the id map for each chunk. (Sequential scans stay
    # allowed: the price of a forbidden one, the stage's, is so high that all plans look alike beside it.)
    "join_collapse_limit": "1",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}


def engine(url: sa.URL, side: Side, pool_size: int) -> sa.Engine:
    """See `Dialect.engine`."""
    settings = dict(_BOTH)
    if side == "old":
        settings["default_transaction_read_only"] = "on"
    elif side == "new":
        settings |= _NEW
    settings["default_transaction_isolation"] = r"read\ committed"
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return sa.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=2,
        pool_pre_ping=True,
        pool_recycle=1800,
        hide_parameters=True,
        connect_args={"connect_timeout": 10, "options": options, "prepare_threshold": None},
    )
