"""Direct mode beside copiers and live sync, with many sessions and any statements: both sides are equal when it is over.

On PostgreSQL no statement fails. On MariaDB a look with SKIP LOCKED is a lock request for an instant, and whoever begins to wait in
that instant may take it for half of a deadlock: a transaction may be rolled back, as any that meets another, but in full.
"""

from __future__ import annotations

import random
import threading
from collections import deque
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from changeover.capture.sync import run
from changeover.dialects.mysql.errors import code
from changeover.mapping import Mapping, old, value_map
from changeover.transfer import backfill
from tests.capture.direct_scene import OneServer, Sites, direct, unequal
from tests.mysql_kind import mariadb_only
from tests.races.gate import Background
from tests.transfer.rig import copy

pytestmark = mariadb_only("direct mode is MariaDB's and PostgreSQL's")
servers = pytest.mark.parametrize("kind", ["mariadb", "postgres"])
member, order = old("shop", "tb_member"), old("shop", "tb_order")
SESSIONS, MEMBERS = 4, 40
DEADLOCK = 1213


def shop(site: Sites, kind: str) -> tuple[OneServer, tuple[Mapping, ...]]:
    """Members, of whom those that left have no row; each order makes an order and, if it has one, a note."""
    r = site(kind)
    r.run(
        r.old,
        "CREATE TABLE tb_member (no INTEGER PRIMARY KEY, nm VARCHAR(30), st CHAR(1) NOT NULL)",
        "CREATE TABLE tb_order (no INTEGER PRIMARY KEY, mem INTEGER, amount DECIMAL(10, 2), memo VARCHAR(50))",
        *(f"INSERT INTO tb_member VALUES ({n}, 'm{n}', '0')" for n in range(1, MEMBERS + 1)),
    )
    r.run(
        r.new,
        f"CREATE TABLE {r.named('member')} (id BIGINT PRIMARY KEY, name VARCHAR(30), state VARCHAR(10) NOT NULL)",
        f"CREATE TABLE {r.named('orders')} (id BIGINT PRIMARY KEY, member_id BIGINT, amount DECIMAL(12, 2))",
        f"CREATE TABLE {r.named('note')} (order_id BIGINT PRIMARY KEY, text VARCHAR(50))",
        f"CREATE INDEX note_text ON {r.named('note')} (text)",
    )
    states = value_map(member.st, {"0": "here", "1": "away"})
    text = sa.func.trim(order.memo)
    return r, (
        direct(
            r,
            "member",
            member,
            {"name": member.nm, "state": states},
            where=member.st != "9",
        ),
        direct(r, "orders", order, {"member_id": order.mem, "amount": order.amount}),
        direct(
            r,
            "note",
            order,
            {"text": text},
            where=order.memo.is_not(None) & (text != ""),
        ),
    )


STATEMENTS = (
    "INSERT INTO tb_order SELECT :key, :mem, :amount, :memo FROM (SELECT 1 AS one) AS y WHERE {order key is free}",
    "INSERT INTO tb_member SELECT :key, :nm, :st FROM (SELECT 1 AS one) AS y WHERE {member key is free}",
    "UPDATE tb_order SET amount = :amount, memo = :memo WHERE no = :key",
    "UPDATE tb_member SET nm = :nm, st = :st WHERE no = :key",
    "UPDATE tb_order SET amount = amount + 1 WHERE no IN (:key, :to, :more)",
    "UPDATE tb_order SET no = :to WHERE no = :key AND {order to is free}",
    "UPDATE tb_member SET no = :to WHERE no = :key AND {member to is free}",
    "DELETE FROM tb_order WHERE no = :key",
    "DELETE FROM tb_member WHERE no = :key",
)
TYPES = {
    "key": "integer",
    "mem": "integer",
    "amount": "numeric",
    "memo": "varchar",
    "nm": "varchar",
    "st": "varchar",
}


def written(statement: str, kind: str) -> str:
    for table in ("order", "member"):
        for key in ("key", "to"):
            free = f"NOT EXISTS (SELECT 1 FROM (SELECT no FROM tb_{table}) AS x WHERE x.no = :{key})"
            statement = statement.replace(f"{{{table} {key} is free}}", free)
    if kind == "postgres" and statement.startswith("INSERT"):
        head, _, tail = statement.partition(" FROM ")
        for name, type_ in TYPES.items():
            head = head.replace(f":{name}", f"CAST(:{name} AS {type_})")
        return f"{head} FROM {tail}"
    return statement


class Session:
    """A session of the old application, on rows of its own: whom it meets there is no business of direct mode."""

    def __init__(self, r: OneServer, number: int, seed: int) -> None:
        self.engine, self.number, self.kind = r.old, number, r.kind
        self.rng = random.Random(seed * 100 + number)
        if r.kind == "mariadb" and SESSIONS > 1:
            # Gaps of the old tables' keys, that its own sessions would otherwise lock against each other.
            self.engine = r.old.execution_options(isolation_level="READ COMMITTED")

    def work(self, transactions: int) -> tuple[int, int]:
        """Run that many. Returns how many were committed, and how many were rolled back for a deadlock."""
        done = deadlocks = 0
        with self.engine.connect() as connection:
            for _ in range(transactions):
                try:
                    self.transaction(connection)
                except OperationalError as error:
                    if self.kind != "mariadb" or code(error) != DEADLOCK:
                        raise
                    deadlocks += 1
                    connection.rollback()
                else:
                    done += 1
        return done, deadlocks

    def transaction(self, connection: sa.Connection) -> None:
        for _ in range(self.rng.randint(1, 4)):
            statement = sa.text(written(self.rng.choice(STATEMENTS), self.kind))
            values = self.values()
            connection.execute(statement, {n: values[n] for n in statement.compile().params})
        if self.rng.random() < 0.2:
            connection.rollback()
        else:
            connection.commit()

    def key(self) -> int:
        return self.rng.randrange(60) * SESSIONS + self.number + 1

    def values(self) -> dict[str, Any]:
        rng, key = self.rng, self.key()
        return {
            "key": key,
            "to": self.key(),
            "more": self.key(),
            "mem": rng.choice([None, key]),
            "amount": rng.choice([None, round(rng.uniform(-99, 99), 2)]),
            "memo": rng.choice([None, "", " x ", "it's \\ 'quoted'", "Ü" * rng.randint(1, 40)]),
            "st": rng.choice("0199"),
            "nm": rng.choice([None, "", "ö", "n" * 30]),
        }


@servers
@pytest.mark.parametrize("seed", range(3))
def test_with_nobody_else_both_sides_are_equal_at_once(site: Sites, kind: str, seed: int) -> None:
    r, mappings = shop(site, kind)
    project = r.direct(*mappings)
    one = Session(r, 0, seed)
    for _ in range(6):
        one.work(20)
        assert unequal(project) == []


@servers
def test_sessions_copiers_and_live_sync_at_once_end_equal(site: Sites, kind: str) -> None:
    r, mappings = shop(site, kind)
    project = r.direct(*mappings)
    copy(project, rows_per_range=30)
    stop, copying = threading.Event(), threading.Event()
    syncing = r.project(*mappings)
    sync = Background(lambda: deque(run(syncing, "shop", stop=stop), maxlen=0))

    def copies() -> int:
        rounds = 0
        while not copying.is_set():
            for root in project.moves:
                assert [done.error for done in backfill(project, root) if done.error] == []
            rounds += 1
        return rounds

    copier = Background(copies)
    sessions = [Background(lambda n=n: Session(r, n, 7).work(120)) for n in range(SESSIONS)]
    # What the old application meets is raised here: a lock that it waited for too long, anything.
    done = [one.result() for one in sessions]
    copying.set()
    assert copier.result() >= 1
    stop.set()
    sync.result()
    assert sum(deadlocks for _, deadlocks in done) <= 5
    assert min(committed for committed, _ in done) > 100
    r.sync(project)
    assert unequal(project) == []
    assert r.rejects() == []
