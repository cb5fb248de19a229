"""What the old application writes to the coupon table: one row a transaction, or many rows a statement."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from bench.tables import FIRST_COUPON, FIRST_MEMBER, MEMBERS
from changeover.dialects import driver_url

ROW = "(%s, %s, %s, 0, 12.50, 'memo', '2023-12-01 10:00:00', '2023-12-31 00:00:00')"
INSERT = "INSERT INTO tb_coupon (cpn_no, cpn_cd, mem_no, st, price, memo, created, expires) VALUES "


@dataclass
class Application:
    """A connection of the driver's own, in autocommit. ``rows`` are there; it adds others above them."""

    url: str
    rows: int
    rng: random.Random = field(default_factory=lambda: random.Random(1))

    def __post_init__(self) -> None:
        self._engine = sa.create_engine(driver_url(self.url), isolation_level="AUTOCOMMIT")
        self._connection = self._engine.connect()
        driver: Any = self._connection.connection.dbapi_connection
        self._cursor = driver.cursor()
        self._first = self._next = FIRST_COUPON + self.rows

    def close(self) -> None:
        """Leave."""
        self._cursor.close()
        self._connection.close()
        self._engine.dispose()

    def insert(self, count: int) -> None:
        """One row a transaction."""
        for _ in range(count):
            self._cursor.execute(INSERT + ROW, self._new())

    def update(self, count: int) -> None:
        """One row a transaction."""
        for _ in range(count):
            key = FIRST_COUPON + self.rng.randrange(self.rows)
            self._cursor.execute(
                "UPDATE tb_coupon SET price = %s WHERE cpn_no = %s", (self.rng.randrange(10_000) / 100, key)
            )

    def delete(self, count: int) -> None:
        """The oldest of its own, one row a transaction."""
        for _ in range(min(count, self._next - self._first)):
            self._cursor.execute("DELETE FROM tb_coupon WHERE cpn_no = %s", (self._first,))
            self._first += 1

    def insert_many(self, count: int) -> None:
        """In one statement, by the server itself."""
        first = self._next
        self._next += count
        self._cursor.execute(
            "INSERT INTO tb_coupon (cpn_no, cpn_cd, mem_no, st, price, memo, created, expires) SELECT cpn_no - %s + %s, cpn_cd, "
            "mem_no, st, price, memo, created, expires FROM tb_coupon WHERE cpn_no >= %s AND cpn_no < %s",
            (FIRST_COUPON, first, FIRST_COUPON, FIRST_COUPON + count),
        )

    def update_many(self, count: int, first: int = FIRST_COUPON) -> None:
        """Neighbours, in one statement."""
        self._cursor.execute(
            "UPDATE tb_coupon SET price = price + 0.01 WHERE cpn_no >= %s AND cpn_no < %s",
            (first, first + count),
        )

    def delete_many(self, count: int) -> None:
        """Its own, in one statement."""
        self._cursor.execute(
            "DELETE FROM tb_coupon WHERE cpn_no >= %s AND cpn_no < %s", (self._next - count, self._next)
        )
        self._next -= count

    def forget_changes(self) -> None:
        """Empty the outbox, if there is one: a consumer would have."""
        if sa.inspect(self._connection).has_table("changeover_outbox"):
            self._cursor.execute("TRUNCATE TABLE changeover_outbox")

    def noted(self) -> int:
        """Entries in the outbox."""
        self._cursor.execute("SELECT COUNT(*) FROM changeover_outbox")
        return int(self._cursor.fetchone()[0])

    def _new(self) -> tuple[int, str, int]:
        self._next += 1
        return self._next - 1, f"NEW-{self._next}", FIRST_MEMBER + self.rng.randrange(MEMBERS)


def steadily(url: str, rows: int, rate: int, seconds: float) -> int:
    """``rate`` changes a second for so long: of ten, three are inserts, six updates and one is a delete. Returns how many."""
    application = Application(url, rows)
    work: list[Callable[[int], None]] = [
        *[application.insert] * 3,
        *[application.update] * 6,
        application.delete,
    ]
    began, done = time.monotonic(), 0
    while (now := time.monotonic()) - began < seconds:
        if done < (now - began) * rate:
            application.rng.choice(work)(1)
            done += 1
        else:
            time.sleep(0.001)
    application.close()
    return done


if __name__ == "__main__":
    print(steadily(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
