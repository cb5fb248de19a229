"""Running DDL on a database that an application works on: wait for a second, give way, try again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence

import sqlalchemy as sa
from sqlalchemy import exc

from changeover.dialects import Dialect, TableName
from changeover.errors import ChangeoverError

PATIENCE = 120.0
"""Seconds in which the lock of a table is asked for again and again."""

PAUSE = (0.3, 1.5)
"""Seconds between two tries, by chance: whoever was queued behind the last one is served meanwhile."""

OnStep = Callable[[str], None]


class TableBusy(ChangeoverError):
    """A table was in use without a break. Says by whom."""


def run(
    engine: sa.Engine,
    dialect: Dialect,
    table: TableName,
    statements: Sequence[str],
    on_step: OnStep,
    patience: float | None = None,
) -> None:
    """Run statements that lock ``table``, in one transaction where the database can.

    Raises: TableBusy when the lock could not be had in all of ``patience`` (`PATIENCE`).
    """
    until = time.monotonic() + (PATIENCE if patience is None else patience)
    told: list[str] = []
    while True:
        try:
            with engine.begin() as connection:
                dialect.wait_briefly(connection)
                execute(connection, statements)
        except exc.DBAPIError as error:
            if dialect.trouble(error) != "transient" and not error.connection_invalidated:
                raise
            blockers = _blockers(engine, dialect, table)
            if time.monotonic() > until:
                by = "; ".join(blockers) or "the server does not say by whom"
                raise TableBusy(
                    f"table {table} is in use ({by}): its triggers need it for a moment. End the transaction, or try again at a "
                    "quieter time"
                ) from None
            if blockers != told:
                on_step(f"table {table} is in use, waiting: {'; '.join(blockers) or 'by whom is not told'}")
                told = blockers
            time.sleep(random.uniform(*PAUSE))
        else:
            return


def execute(connection: sa.Connection, statements: Sequence[str]) -> None:
    """Run statements as they are: a percent sign is one."""
    plain = connection.execution_options(no_parameters=True)
    for statement in statements:
        plain.exec_driver_sql(statement)


def _blockers(engine: sa.Engine, dialect: Dialect, table: TableName) -> list[str]:
    try:
        with engine.connect() as connection:
            return dialect.blockers(connection, table)
    except exc.DBAPIError:
        return []  # it takes a privilege to see others
