"""How each root is kept in step with its old table, from the ledger alone: three queries, whatever the number of tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa

from changeover.ledger.capture import Captured, captured
from changeover.ledger.clock import now
from changeover.ledger.sync import SyncedRoot, SyncState, states, synced
from changeover.mapping import Registry
from changeover.mapping.references import tables_read

SILENT = timedelta(seconds=60)
"""A live sync tells of itself every two seconds, but may wait for a lock, or for a server that comes back. One that was silent for
longer is gone without having said so, or hangs."""

LIMITS = (
    "deleted rows",
    "changes that leave the column as it is, or set it to NULL",
    "changes of joined tables",
    "transactions that committed more than ten minutes after they wrote the column",
)
"""What a sweep by a high-water column can't see."""

INSTALL = "`changeover sync install`"


@dataclass(frozen=True)
class NotWatched:
    """An old table of which changes may be missed, and are not applied until it is installed again. The reason ends with what to
    do."""

    table: str
    reason: str


@dataclass(frozen=True)
class Kept:
    """How a root is kept in step. Lag and rate are those that were last told of; a rate is keys applied a second.

    ``by``: ``live sync`` of what triggers note, or ``sweeps`` of a high-water column, whose ``unseen`` changes running the ranges
    again and comparing make good. ``state``: of the database's live sync, as `live_syncs` tells it; of sweeps: swept, never swept.
    ``seen_at`` is when live sync was last heard of, or the last sweep ended.
    """

    by: Literal["live sync", "sweeps"]
    state: str
    seen_at: datetime | None
    lag_keys: int | None
    lag_seconds: float | None
    rate: float
    keys_applied: int
    inserted: int
    updated: int
    deleted: int
    applied_at: datetime | None
    not_watched: tuple[NotWatched, ...] = ()
    unseen: tuple[str, ...] = ()


def live_syncs(connection: sa.Connection) -> dict[str, SyncState]:
    """The live syncs by database, where something of it has triggers.

    Their ``state``: running, silent (it was running, and is not heard of any more), stopped, failed, not started.
    """
    return _live_syncs(connection, captured(connection))


def kept(connection: sa.Connection, registry: Registry) -> dict[str, Kept]:
    """How each root is kept in step; roots that nothing keeps are not in it."""
    tables = captured(connection)
    syncs = _live_syncs(connection, tables)
    roots = synced(connection)
    found: dict[str, Kept] = {}
    for root in registry.roots:
        mappings = registry.of_root(root)
        sync = syncs.get(mappings[0].database)
        counts = roots.get(root) or SyncedRoot(root, *_NOTHING)
        if sync is not None:
            read = [str(table) for table in tables_read(mappings)]
            found[root] = _by_live_sync(sync, counts, _not_watched(tables, sync.database, read))
        elif any(mapping.high_water is not None for mapping in mappings):
            found[root] = _by_sweeps(counts)
    return found


_NOTHING = (0, 0, 0, 0, 0, 0.0, None, None, 0, 0.0, 0.0)


def _live_syncs(connection: sa.Connection, tables: Sequence[Captured]) -> dict[str, SyncState]:
    told = {state.database: state for state in states(connection)}
    return {
        database: _judged(
            told.get(database) or SyncState(database, "outbox", "not started", None, None, 0, 0.0, None)
        )
        for database in dict.fromkeys(table.database for table in tables)
    }


def _judged(told: SyncState) -> SyncState:
    if told.state == "running" and (told.beat_at is None or now() - told.beat_at > SILENT):
        return replace(told, state="silent")
    return told


def _not_watched(tables: Sequence[Captured], database: str, read: Sequence[str]) -> tuple[NotWatched, ...]:
    known: Mapping[str, Captured] = {table.table: table for table in tables if table.database == database}
    found: list[NotWatched] = []
    for name in read:
        one = known.get(name)
        if one is None:
            found.append(NotWatched(name, f"it has no triggers yet: {INSTALL} makes them"))
        elif one.state != "installed":
            found.append(NotWatched(name, one.reason or f"its triggers were not all made: {INSTALL} goes on"))
    return tuple(found)


def _by_live_sync(sync: SyncState, counts: SyncedRoot, not_watched: tuple[NotWatched, ...]) -> Kept:
    return Kept(
        "live sync",
        sync.state,
        sync.beat_at,
        counts.lag_keys,
        counts.lag_seconds,
        counts.rate if sync.state == "running" else 0.0,
        counts.keys_applied,
        counts.inserted,
        counts.updated,
        counts.deleted,
        counts.applied_at,
        not_watched=not_watched,
    )


def _by_sweeps(counts: SyncedRoot) -> Kept:
    return Kept(
        "sweeps",
        "swept" if counts.swept_at else "never swept",
        counts.swept_at,
        None,
        None,
        0.0,
        counts.keys_applied,
        counts.inserted,
        counts.updated,
        counts.deleted,
        counts.applied_at,
        unseen=LIMITS,
    )
