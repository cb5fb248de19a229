"""What the ledger knows of capture: which old tables have triggers, and whether these can be trusted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from changeover.ledger.clock import now
from changeover.ledger.tables import capture as table

State = Literal["installing", "installed", "broken"]
"""``installing``: triggers are being made, or that was cut short. ``broken``: changes may have been missed; ``reason`` says why."""


@dataclass(frozen=True)
class Captured:
    """An old table with triggers."""

    database: str
    table: str
    state: State
    fingerprint: str
    """Of the table and its triggers as they were installed."""
    reason: str | None
    installed_at: datetime | None
    checked_at: datetime | None


def captured(connection: sa.Connection, database: str | None = None) -> list[Captured]:
    """All tables with triggers (of one old database), by name."""
    statement = sa.select(table).order_by(table.c.database, table.c.table_name)
    if database is not None:
        statement = statement.where(table.c.database == database)
    return [
        Captured(
            row["database"],
            row["table_name"],
            row["state"],
            row["fingerprint"],
            row["reason"],
            row["installed_at"],
            row["checked_at"],
        )
        for row in connection.execute(statement).mappings()
    ]


def record(
    connection: sa.Connection,
    database: str,
    name: str,
    state: State,
    *,
    fingerprint: str | None = None,
    reason: str | None = None,
) -> None:
    """Say of an old table how its capture stands. ``fingerprint`` stays as it is when left out."""
    at = now()
    values: dict[str, object] = {"state": state, "reason": reason, "checked_at": at}
    if state == "installed":
        values["installed_at"] = at
    if fingerprint is not None:
        values["fingerprint"] = fingerprint
    where = sa.and_(table.c.database == database, table.c.table_name == name)
    if connection.execute(sa.update(table).where(where).values(**values)).rowcount == 0:
        values.setdefault("fingerprint", "")
        connection.execute(sa.insert(table).values(database=database, table_name=name, **values))


def looked(connection: sa.Connection, database: str, names: Iterable[str]) -> None:
    """Note that these tables' triggers were looked at and are as they should be."""
    where = sa.and_(table.c.database == database, table.c.table_name.in_(list(names)))
    connection.execute(sa.update(table).where(where).values(checked_at=now()))


def refresh(connection: sa.Connection, database: str, name: str, fingerprint: str) -> None:
    """Note how the table is now, where that is still as it was installed."""
    where = sa.and_(table.c.database == database, table.c.table_name == name)
    connection.execute(sa.update(table).where(where).values(fingerprint=fingerprint))


def forget(connection: sa.Connection, database: str, names: Iterable[str]) -> None:
    """The tables have no triggers any more."""
    connection.execute(
        sa.delete(table).where(table.c.database == database, table.c.table_name.in_(list(names)))
    )
