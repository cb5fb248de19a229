"""Ids taken ahead of the transaction that uses them, where what takes them can't be in it.

An id that was taken and not used is a gap, never a collision: ids that a server gave and may have forgotten since, as it crashed
or another took its place, are never used.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import sqlalchemy as sa

from changeover.binding import Bound

BLOCK = 100_000
"""Most ids taken at once: so many that it is rare, so few that what is left over does not matter. Never more than the rows that are
still expected."""


class IdsShort(Exception):
    """A transaction needs more ids than were taken ahead. Undo it, fill the pool with ``needed``, and begin again."""

    def __init__(self, bound: Bound, needed: int) -> None:
        super().__init__(f"{needed} ids of {bound.mapping.target}")
        self.bound = bound
        self.needed = needed


@dataclass
class Pool:
    """Ids taken ahead for tables whose counter can only be moved outside a transaction. Safe to share between threads.

    They are kept by target and by the server's `incarnation`.
    """

    free: dict[tuple[str, str], list[range]] = field(default_factory=dict[tuple[str, str], list[range]])
    lock: threading.Lock = field(default_factory=threading.Lock)
    filling: threading.Lock = field(default_factory=threading.Lock)
    """Held while ids are taken from the database, which may wait for the end of another worker's transaction. That worker must
    get at ``free`` meanwhile, so ``lock`` is not."""

    def fill(self, bound: Bound, engine: sa.Engine, needed: int, expected: int) -> None:
        """Have at least ``needed`` ids of the target at hand, and some for ``expected`` further rows.

        Call it outside of any transaction on the new database.
        """
        with self.filling:
            while True:
                giver = _incarnation(bound, engine)
                have = self._at_hand(bound, giver)
                if have >= needed:
                    return
                count = max(needed - have, min(BLOCK, expected))
                more = bound.dialect.allocate(None, engine, bound.new.table, bound.identity_columns[0], count)
                if _incarnation(bound, engine) == giver:
                    self.give_back(bound, giver, more)

    def _at_hand(self, bound: Bound, giver: str) -> int:
        with self.lock:
            return sum(map(len, self.free.get((bound.mapping.target, giver), [])))

    def take(self, bound: Bound, giver: str, count: int) -> list[range]:
        """``count`` ids of the server ``giver``. Raises IdsShort when fewer were taken ahead."""
        with self.lock:
            free = self.free.get((bound.mapping.target, giver), [])
            if sum(map(len, free)) < count:
                raise IdsShort(bound, count)
            return _cut(free, count)

    def give_back(self, bound: Bound, giver: str, ids: list[range]) -> None:
        """Ids of the server ``giver`` that are for whoever comes: just taken from the database, or taken and not used."""
        with self.lock:
            self.free.setdefault((bound.mapping.target, giver), []).extend(ids)


def _incarnation(bound: Bound, engine: sa.Engine) -> str:
    with engine.connect() as connection:
        return bound.dialect.incarnation(connection)


@dataclass
class Ids:
    """One transaction's ids of one target. What an attempt took that was undone is given to the next one.

    Without that a chunk with a bad row would need its ids twice, and begin again for want of them, for ever.
    """

    pool: Pool
    bound: Bound
    connection: sa.Connection
    engine: sa.Engine
    spare: list[range] = field(default_factory=list[range])
    tried: list[range] = field(default_factory=list[range])
    """Taken by the attempt under way."""
    kept: int = 0
    """How many ids earlier parts of the chunk have used."""
    giver: str = field(init=False)
    """The server of the transaction: asked for at once, since a connection that was lost can't tell."""

    def __post_init__(self) -> None:
        self.giver = self.bound.dialect.incarnation(self.connection)

    def take(self, count: int) -> list[range]:
        """``count`` ids. Raises IdsShort, naming all that the transaction needs so far."""
        bound = self.bound
        if not bound.dialect.takes_ids_ahead:
            return bound.dialect.allocate(
                self.connection, self.engine, bound.new.table, bound.identity_columns[0], count
            )
        short = count - sum(map(len, self.spare))
        if short > 0:
            try:
                self.spare += self.pool.take(bound, self.giver, short)
            except IdsShort:
                raise IdsShort(bound, self.kept + count) from None
        taken = _cut(self.spare, count)
        self.tried += taken
        return taken

    def keep(self) -> None:
        """The attempt stands."""
        self.kept += sum(map(len, self.tried))
        self.tried = []

    def undo(self) -> None:
        """The attempt was undone."""
        self.spare = self.tried + self.spare
        self.tried = []

    def close(self) -> None:
        """What is left is for other transactions. What was used may have been committed, whatever error there was."""
        self.pool.give_back(self.bound, self.giver, self.spare)
        self.spare = []


def _cut(free: list[range], count: int) -> list[range]:
    taken: list[range] = []
    while count:
        first = free.pop(0)
        taken.append(first[:count])
        if len(first) > count:
            free.insert(0, first[count:])
        count -= len(taken[-1])
    return taken
