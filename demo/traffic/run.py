"""Running the traffic: connections that each do an action after the other, in time with the rate that was asked for."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from demo.old.build import sample_for
from demo.traffic import community, shop, study
from demo.traffic.database import application_engine, is_passing
from demo.traffic.keys import Keys, read_keys
from demo.traffic.work import Action, Work

DOMAINS: dict[str, tuple[tuple[Action, ...], dict[str, str]]] = {
    "shop": (shop.ACTIONS, shop.KEYS),
    "community": (community.ACTIONS, community.KEYS),
    "study": (study.ACTIONS, study.KEYS),
}
ROLLED_BACK, LONG = 0.02, 0.01
"""Shares of transactions: somebody changes his mind, or a report is written meanwhile."""
LONG_SECONDS, LONG_SECONDS_SQLITE = 1.0, 0.05
"""At most; on SQLite nobody else can write meanwhile."""
BEHIND = 1.0
"""Seconds of the rate that are caught up with at the most: users who had to wait don't come back all at once."""
TRIES, GIVE_UP_SECONDS = 20, 120.0
"""Of a transaction that is a victim again and again; of a server that is away."""


@dataclass(frozen=True)
class Traffic:
    """What is asked for. ``rate`` is changed rows a second, of all connections together; ``dirt`` is what `Work` says."""

    url: str
    domain: str
    rate: float = 100.0
    seconds: float = 60.0
    seed: int = 1
    connections: int = 4
    dirt: float = 0.0
    transactions: int = 1_000_000_000
    """Of each connection, at the most."""


@dataclass
class Summary:
    """What was done. ``committed`` are changed rows by kind, ``bulk_rows`` those among them of statements with many.

    ``uncertain`` transactions lost their connection at the commit, and may be in it or not. ``refused`` ones broke a rule of the
    database, mostly a key that was taken.
    """

    committed: Counter[str] = field(default_factory=Counter[str])
    transactions: int = 0
    bulk_rows: int = 0
    long: int = 0
    rolled_back: int = 0
    retries: int = 0
    refused: int = 0
    uncertain: int = 0
    seconds: float = 0.0

    def add(self, other: Summary) -> None:
        """Another connection's share."""
        self.committed.update(other.committed)
        for name in ("transactions", "bulk_rows", "long", "rolled_back", "retries", "refused", "uncertain"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def changes(self) -> int:
        """All rows."""
        return sum(self.committed.values())

    def document(self) -> dict[str, Any]:
        """For JSON."""
        kinds = {kind: self.committed[kind] for kind in ("insert", "update", "delete", "key_change")}
        rate = self.changes / self.seconds if self.seconds else 0.0
        others = {name: value for name, value in vars(self).items() if name not in ("committed", "seconds")}
        return {
            "changes": self.changes,
            "committed": kinds,
            **others,
            "seconds": round(self.seconds, 2),
            "rate": round(rate, 1),
        }


def run(traffic: Traffic, stop: threading.Event | None = None) -> Summary:
    """Play the traffic until its seconds are over or ``stop`` is set; transactions that are open then are finished.

    Raises: KeyError for an unknown domain; what the database raises, when it is neither passing nor a key that was taken.
    """
    actions, tables = DOMAINS[traffic.domain]
    halt = stop or threading.Event()
    engine = application_engine(traffic.url, traffic.connections)
    try:
        with engine.connect() as connection:
            there = read_keys(connection, tables)
        began = time.monotonic()
        users = [_User(traffic, n, engine, actions, Keys(there), halt) for n in range(traffic.connections)]
        for user in users:
            user.start()
        for user in users:
            user.join()
        summary = Summary()
        for user in users:
            summary.add(user.done)
        summary.seconds = time.monotonic() - began
    finally:
        engine.dispose()
    for user in users:
        if user.error is not None:
            raise user.error
    return summary


class _User(threading.Thread):
    """A connection's worth of users."""

    def __init__(
        self,
        traffic: Traffic,
        number: int,
        engine: sa.Engine,
        actions: Sequence[Action],
        keys: Keys,
        stop: threading.Event,
    ) -> None:
        super().__init__(name=f"traffic-{traffic.domain}-{number}")
        self.traffic, self.engine, self.actions, self.keys, self.stop = traffic, engine, actions, keys, stop
        self.rng = random.Random(f"{traffic.seed}/{traffic.domain}/{number}")
        self.weights = list(accumulate(action.weight for action in actions))
        self.no_date = sample_for(engine, 1.0, 0).zero_datetime
        self.done = Summary()
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self._play()
        except Exception as error:  # noqa: BLE001 - raised again by who waits for it
            self.error = error
            self.stop.set()

    def _play(self) -> None:
        each = self.traffic.connections / self.traffic.rate
        due = time.monotonic()
        end = due + self.traffic.seconds
        for _ in range(self.traffic.transactions):
            if self.stop.is_set() or time.monotonic() >= end:
                return
            changes = self._act(self.rng.choices(self.actions, cum_weights=self.weights)[0])
            now = time.monotonic()
            due = max(due + max(changes, 1) * each, now - BEHIND)
            self.stop.wait(max(0.0, min(due, end) - now))

    def _act(self, action: Action) -> int:
        """One transaction, tried until it passes. Returns how many rows it changed."""
        fate, began, before = self.rng.random(), time.monotonic(), self.rng.getstate()
        for attempt in range(1, 1_000_000):
            self.rng.setstate(before)  # the same again
            try:
                return self._once(action, fate)
            except exc.IntegrityError:
                self.done.refused += 1
                return 0
            except exc.DBAPIError as error:
                patient = attempt < TRIES or error.connection_invalidated
                if not (is_passing(error) and patient and time.monotonic() - began < GIVE_UP_SECONDS):
                    raise
                self.done.retries += 1
                if self.stop.wait(min(1.0, 0.01 * 2 ** min(attempt, 8)) * (0.5 + random.random())):
                    return 0
        return 0

    def _once(self, action: Action, fate: float) -> int:
        with self.engine.connect() as connection:
            transaction = connection.begin()
            work = Work(connection, self.rng, self.keys, self.no_date, self.traffic.dirt)
            action.do(work)
            if fate < ROLLED_BACK:
                transaction.rollback()
                self.done.rolled_back += 1
                return 0
            if fate < ROLLED_BACK + LONG:
                self._dawdle(work)
            if not self._commit(transaction):
                return 0
            work.committed()
        self.done.transactions += 1
        self.done.committed.update(work.changes)
        self.done.bulk_rows += work.bulk
        return sum(work.changes.values())

    def _dawdle(self, work: Work) -> None:
        lite = work.connection.dialect.name == "sqlite"
        self.stop.wait(work.rng.random() * (LONG_SECONDS_SQLITE if lite else LONG_SECONDS))
        self.done.long += 1

    def _commit(self, transaction: sa.RootTransaction) -> bool:
        try:
            transaction.commit()
        except exc.DBAPIError as error:
            if not error.connection_invalidated:
                raise
            # It may have been committed: doing it again could do it twice.
            self.done.uncertain += 1
            return False
        return True
