"""One transaction of an application: its statements, and what they changed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import sqlalchemy as sa

from demo.old import texts
from demo.old.dirt import awkward
from demo.traffic.keys import Keys

Kind = Literal["insert", "update", "delete", "key_change"]
DIRT = 0.02
"""Of the texts that are written, so many are awkward ones."""
BULK = 20
"""A statement that changes as many rows is a bulk statement."""


@dataclass(frozen=True)
class Action:
    """Something users do: how often, compared with the others of its domain, and its statements in one transaction."""

    name: str
    weight: float
    do: Callable[[Work], None]


@dataclass
class Work:
    """What an action works with. ``changes`` are rows by kind; ``bulk`` are those among them of bulk statements.

    ``no_date`` is how this database spells it. ``dirt``: the share of codes that no mapping knows.
    """

    connection: sa.Connection
    rng: random.Random
    keys: Keys
    no_date: str
    dirt: float = 0.0
    changes: Counter[str] = field(default_factory=Counter[str])
    bulk: int = 0
    _made: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])
    _gone: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])

    def run(self, kind: Kind, sql: str, **values: Any) -> int:
        """Run a statement. Returns the number of rows that it changed."""
        rows = max(0, self.connection.execute(sa.text(sql), values).rowcount)
        self._count(kind, rows)
        return rows

    def ask(self, sql: str, **values: Any) -> Any:
        """The first value of a query; None where there is no row."""
        return self.connection.execute(sa.text(sql), values).scalar()

    def insert(self, table: str, values: Mapping[str, Any], *, key: str | None = None) -> Any:
        """Insert a row. Returns its key: the value of column ``key``, which the database gives unless it is among the values."""
        sql = _insert(table, list(values))
        given = key is None or key in values
        if not given and self.connection.dialect.name == "postgresql":
            found = self.connection.execute(sa.text(f"{sql} RETURNING {key}"), dict(values)).scalar_one()
        else:
            result = self.connection.execute(sa.text(sql), dict(values))
            found = values.get(key or "") if given else result.lastrowid
        self._count("insert", 1)
        return found

    def insert_many(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows with one statement."""
        columns = list(rows[0])
        places = ", ".join("(" + ", ".join(f":{c}_{n}" for c in columns) + ")" for n in range(len(rows)))
        values = {f"{c}_{n}": value for n, row in enumerate(rows) for c, value in row.items()}
        self.connection.execute(
            sa.text(f"INSERT INTO {table} ({', '.join(columns)}) VALUES {places}"), values
        )
        self._count("insert", len(rows))

    def made(self, table: str, key: Any) -> None:
        """Once this is committed, the row is one of one's own."""
        self._made.append((table, key))

    def gone(self, table: str, key: Any) -> None:
        """Once this is committed, the row isn't there any more."""
        self._gone.append((table, key))

    def committed(self) -> None:
        """It is."""
        for table, key in self._made:
            self.keys.made(table, key)
        for table, key in self._gone:
            self.keys.gone(table, key)

    def text(self, sentences: int = 1) -> str:
        """Some prose."""
        return awkward(self.rng) if self.chance(DIRT) else texts.prose(self.rng, sentences)

    def number(self, most: int) -> int:
        """0 to ``most`` - 1."""
        return int(self.rng.random() * most)

    def fresh(self) -> int:
        """A number for a key that nobody else hands out: above all that are counted up, within an unsigned integer."""
        return 3_500_000_000 + self.number(700_000_000)

    def chance(self, share: float) -> bool:
        """True in this share of cases."""
        return self.rng.random() < share

    def now(self) -> str:
        """A moment after the last in the samples, by the application's clock."""
        second = self.number(30 * 86_400)
        day, second = divmod(second, 86_400)
        return f"2023-12-{day + 1:02d} {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"

    def today(self) -> str:
        """A day as digits."""
        return self.now()[:10].replace("-", "")

    def _count(self, kind: Kind, rows: int) -> None:
        self.changes[kind] += rows
        if rows >= BULK:
            self.bulk += rows


def _insert(table: str, columns: Sequence[str]) -> str:
    places = ", ".join(f":{name}" for name in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"
