"""What the ledger knows of live syncs: who runs one, when it was last seen, how far behind it is, what it applied."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from changeover.errors import ChangeoverError
from changeover.keyset.key import KeyValues, dump, restore
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
    """What live sync applied of a root, since the ledger was made. ``seconds`` is the time spent on it.

    ``lag_keys``, ``lag_seconds`` and ``rate`` (keys applied a second) are those of the last beat; ``swept_at`` is when the last
    sweep of a root without triggers ended.
    """

    root: str
    keys_applied: int
    inserted: int
    updated: int
    deleted: int
    rejected: int
    seconds: float
    applied_at: datetime | None
    swept_at: datetime | None
    lag_keys: int
    lag_seconds: float
    rate: float


@dataclass(frozen=True)
class Pulse:
    """What a run tells of a root at a beat: ``counts`` since the last one, and what still waits."""

    counts: Mapping[str, float]
    lag_keys: int
    lag_seconds: float
    rate: float

    @property
    def is_quiet(self) -> bool:
        """Nothing was applied, and nothing waits."""
        return not self.counts and not self.lag_keys


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
    roots: Mapping[str, Pulse],
) -> None:
    """Note that the run is alive, how far behind it is, and how it stands with each of its roots.

    Raises: SyncTakenOver when another run took it over.
    """
    values = {"beat_at": now(), "lag_keys": lag_keys, "lag_seconds": lag_seconds}
    where = sa.and_(table.c.database == database, table.c.token == token)
    if connection.execute(sa.update(table).where(where).values(**values)).rowcount != 1:
        raise SyncTakenOver(
            f"the live sync of {database} was taken over by another process; this one stopped"
        )
    _rest(connection, [root for root, pulse in roots.items() if pulse.is_quiet])
    for root, pulse in roots.items():
        if not pulse.is_quiet:
            stand = {"lag_keys": pulse.lag_keys, "lag_seconds": pulse.lag_seconds, "rate": pulse.rate}
            _add(connection, root, pulse.counts, **stand)


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


def _add(connection: sa.Connection, root: str, counts: Mapping[str, float], **others: object) -> None:
    """Count what was applied of a root; ``others`` are columns to set beside."""
    if counts:
        others["applied_at"] = now()
    names = (*COUNTS, "seconds")
    values = {name: root_table.c[name] + counts[name] for name in names if counts.get(name)}
    changed = connection.execute(
        sa.update(root_table).where(root_table.c.root == root).values(**values, **others)
    )
    if changed.rowcount == 0:
        first = {name: counts.get(name, 0) for name in names}
        connection.execute(sa.insert(root_table).values(root=root, **first, **others))


def highest(connection: sa.Connection, root: str) -> KeyValues | None:
    """The highest key that live sync made a row of, where keys are integers."""
    return restore(
        connection.execute(
            sa.select(root_table.c.highest_key).where(root_table.c.root == root)
        ).scalar_one_or_none()
    )


def rise(connection: sa.Connection, root: str, key: KeyValues) -> None:
    """Note a key of integers of which a row was made, if it is the highest so far."""
    known = highest(connection, root)
    if known is None or tuple(map(int, key)) > tuple(map(int, known)):
        _add(connection, root, {}, highest_key=dump(key))


def _rest(connection: sa.Connection, roots: list[str]) -> None:
    """Most roots of most beats: one statement for all of them, which changes those that came to rest."""
    moved = sa.or_(root_table.c.rate != 0, root_table.c.lag_keys != 0)
    connection.execute(
        sa.update(root_table)
        .where(root_table.c.root.in_(roots), moved)
        .values(rate=0.0, lag_keys=0, lag_seconds=0.0)
    )


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


def sweep_ended(connection: sa.Connection, root: str) -> None:
    """Note that a sweep has seen all that its column showed."""
    _add(connection, root, {}, swept_at=now())
