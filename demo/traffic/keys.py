"""The keys that an application's users ask for: a few again and again, most seldom, new ones often."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

FROM_EACH_END = 10_000
"""Keys read of each table: the oldest, and the newest."""
RECENT = 0.3
"""So many of the rows that are asked for were made by this traffic."""


class Keys:
    """The keys that one connection knows of, by table: those that were there, and its own.

    Each connection has its own view, so that what it does next depends on nothing but its seed.
    """

    def __init__(self, there: Mapping[str, Sequence[Any]]) -> None:
        self._there = there
        self._own: dict[str, list[Any]] = {name: [] for name in there}

    def pick(self, rng: random.Random, table: str) -> Any:
        """Some row's key; the row may be gone by now."""
        own, there = self._own[table], self._there[table]
        if own and (rng.random() < RECENT or not there):
            return own[int(rng.random() * len(own))]
        # The cube: a tenth of the rows is asked for in almost half of all cases.
        return there[int(rng.random() ** 3 * len(there))] if there else 0

    def own(self, rng: random.Random, table: str) -> Any:
        """A row that this connection made itself; None if there is none yet."""
        own = self._own[table]
        return own[int(rng.random() * len(own))] if own else None

    def span(self, rng: random.Random, table: str, rows: int) -> tuple[Any, Any]:
        """The first and the last key of about ``rows`` neighbours."""
        there = self._there[table]
        start = int(rng.random() * max(1, len(there) - rows))
        return there[start], there[min(start + rows, len(there)) - 1]

    def made(self, table: str, key: Any) -> None:
        """A row of one's own is there now."""
        self._own[table].append(key)

    def gone(self, table: str, key: Any) -> None:
        """A row isn't there any more."""
        if key in self._own[table]:
            self._own[table].remove(key)


def read_keys(connection: sa.Connection, tables: Mapping[str, str]) -> dict[str, list[Any]]:
    """The keys that are there. Parameters: ``tables`` are key columns by table."""
    found: dict[str, list[Any]] = {}
    for table, column in tables.items():
        query = f"SELECT {column} FROM {table} ORDER BY {column}"
        first = list(connection.execute(sa.text(f"{query} LIMIT {FROM_EACH_END}")).scalars())
        last = list(connection.execute(sa.text(f"{query} DESC LIMIT {FROM_EACH_END}")).scalars())
        known = set(first)
        found[table] = first + [key for key in reversed(last) if key not in known]
    return found
