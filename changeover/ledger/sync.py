"""What the ledger knows of live syncs: who runs one, when it was last seen, how far behind it is, what it applied."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from changeover.errors import ChangeoverError
from changeover.ledger.clock import now
from changeover.ledger.tables import sync as table
from changeover.ledger.tables import sync_root as root_table

COUNTS = ("keys_applied", "inserted", "updated", "deleted", "rejected")


class SyncTakenOver(ChangeoverError):
    """Another process runs the live sync of the database now; this one stopped."""


@dataclass(frozen=True)
class SyncState:
    """A live sync as it was last seen. ``lag_seconds`` is the age of the oldest change that waited then."""

    database: str
    mode: str
    state: str
    started_at: datetime | None
    beat_at: datetime | None
    lag_keys: int
    lag_seconds: float
    error: str | None


@dataclass(frozen=True)
class SyncedRoot:
    """What live sync applied of a root, since the ledger was made. ``seconds`` is the time spent on it."""

    root: str
    keys_applied: int
    inserted: int
    updated: int
    deleted: int
    rejected: int
    seconds: float
    applied_at: datetime | None


def start(connection: sa.Connection, database: str, mode: str) -> str:
    """Take the database's live sync over. Returns the run's token: an earlier run stops when it meets another's."""
    token, at = str(uuid.uuid4()), now()
    values = {
        "mode": mode,
        "state": "running",
        "token": token,
        "started_at": at,
        "beat_at": at,
        "error": None,
    }
    if (
        connection.execute(sa.update(table).where(table.c.database == database).values(**values)).rowcount
        == 0
    ):
        connection.execute(sa.insert(table).values(database=database, lag_keys=0, lag_seconds=0.0, **values))
    return token


def beat(
    connection: sa.Connection,
    database: str,
    token: str,
    lag_keys: int,
    lag_seconds: float,
    applied: Mapping[str, Mapping[str, float]],
) -> None:
    """Note that the run is alive, how far behind it is, and what it applied since the last time, by root.

    Raises: SyncTakenOver when another run took it over.
    """
    values = {"beat_at": now(), "lag_keys": lag_keys, "lag_seconds": lag_seconds}
    where = sa.and_(table.c.database == database, table.c.token == token)
    if connection.execute(sa.update(table).where(where).values(**values)).rowcount != 1:
        raise SyncTakenOver(
            f"the live sync of {database} was taken over by another process; this one stopped"
        )
    for root, counts in applied.items():
        _add(connection, root, counts)


def end(connection: sa.Connection, database: str, token: str, error: str | None = None) -> None:
    """The run ended, by itself or with an operator's message. Does nothing when another took it over."""
    connection.execute(
        sa.update(table)
        .where(table.c.database == database, table.c.token == token)
        .values(state="failed" if error else "stopped", error=error, beat_at=now())
    )


def states(connection: sa.Connection) -> list[SyncState]:
    """All live syncs that ever ran, by database."""
    columns = [table.c[name] for name in SyncState.__dataclass_fields__]
    return [SyncState(*row) for row in connection.execute(sa.select(*columns).order_by(table.c.database))]


def synced(connection: sa.Connection) -> dict[str, SyncedRoot]:
    """What was applied, by root."""
    columns = [root_table.c[name] for name in SyncedRoot.__dataclass_fields__]
    return {row[0]: SyncedRoot(*row) for row in connection.execute(sa.select(*columns))}


def _add(connection: sa.Connection, root: str, counts: Mapping[str, float]) -> None:
    values = {name: root_table.c[name] + counts.get(name, 0) for name in (*COUNTS, "seconds")}
    changed = connection.execute(
        sa.update(root_table).where(root_table.c.root == root).values(applied_at=now(), **values)
    )
    if changed.rowcount == 0:
        first = {name: counts.get(name, 0) for name in (*COUNTS, "seconds")}
        connection.execute(sa.insert(root_table).values(root=root, applied_at=now(), **first))


def high_water(connection: sa.Connection, root: str) -> str | None:
    """Up to which value of its high-water column the root was read, as canonical text; None before its first sweep."""
    return connection.execute(
        sa.select(root_table.c.high_water).where(root_table.c.root == root)
    ).scalar_one_or_none()


def sweep_done(connection: sa.Connection, root: str, water: str | None, counts: Mapping[str, float]) -> None:
    """Note what a sweep applied, and how far it came. ``water`` is left as it is when there is none."""
    _add(connection, root, counts)
    if water is not None:
        connection.execute(sa.update(root_table).where(root_table.c.root == root).values(high_water=water))
