"""Ids are taken from MariaDB's counter while others use the table: nobody waits, and no id is given twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from changeover.dialects import TableName, of
from changeover.dialects.mysql import ids
from changeover.errors import MappingError
from changeover.mapping import Assigned, Mapping, old
from changeover.planning import plan
from changeover.transfer import backfill
from changeover.transfer.id_pool import Pool
from demo.servers import MariaDB
from tests.mysql_kind import ON_MYSQL, Server, mariadb_only
from tests.races.gate import SECONDS, after
from tests.transfer.rig import assert_settled, plain_engine, rigged

TABLE = TableName("t")
PLAIN = "CREATE TABLE t (id BIGINT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(36))"
AWKWARD = (
    "CREATE TABLE t (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, v VARCHAR(36) NOT NULL UNIQUE, j JSON NOT NULL, "
    f"d DATE NOT NULL, e ENUM('x', 'y') NOT NULL, p INT NOT NULL, {'' if ON_MYSQL else 'CHECK (p > 5), '}"
    "FOREIGN KEY (p) REFERENCES parent (id))"
)
PARTITIONED = "CREATE TABLE t (id BIGINT AUTO_INCREMENT, v VARCHAR(36), PRIMARY KEY (id)) PARTITION BY HASH (id) PARTITIONS 3"
REFUSING = (
    PLAIN,
    "CREATE TRIGGER refuses BEFORE INSERT ON t FOR EACH ROW IF NEW.v IS NULL THEN SIGNAL SQLSTATE '45000'; END IF",
)
TABLES = {"plain": (PLAIN,), "awkward": (AWKWARD,), "partitioned": (PARTITIONED,), "refusing": REFUSING}
INSERT = {
    "awkward": "INSERT INTO t (v, j, d, e, p) VALUES (UUID(), '{}', '2020-01-01', 'x', 9)",
}


class Taker:
    """A table, the engine that ids are taken through, and the application's."""

    def __init__(self, url: str, *ddl: str) -> None:
        self.url = sa.make_url(url)
        self.application = plain_engine(self.url)
        self.engine = of(self.url).engine(self.url, "new", 4)
        self.run("CREATE TABLE parent (id INT PRIMARY KEY)", "INSERT INTO parent VALUES (9)", *ddl)

    def run(self, *statements: str) -> None:
        with self.application.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def take(self, count: int) -> list[int]:
        taken = of(self.url).allocate(None, self.engine, TABLE, "id", count)
        return [number for block in taken for number in block]

    def insert(self, statement: str = "INSERT INTO t (v) VALUES (UUID())") -> int:
        with self.application.begin() as connection:
            return connection.exec_driver_sql(statement).lastrowid

    def close(self) -> None:
        self.engine.dispose()
        self.application.dispose()


@pytest.fixture
def taker(database: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Taker]]:
    # A chunk is tried again when a table was in use for all knocks; here nobody tries again.
    monkeypatch.setattr(ids, "KNOCKS", 10_000)
    made: list[Taker] = []

    def make(*ddl: str) -> Taker:
        made.append(Taker(database("mariadb"), *ddl))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("sort", TABLES)
def test_no_id_is_given_twice_however_many_take_them_at_once(taker: Callable[..., Taker], sort: str) -> None:
    t = taker(*TABLES[sort])
    start = threading.Barrier(4)

    def inserts() -> list[int]:
        start.wait()
        return [t.insert(INSERT.get(sort, "INSERT INTO t (v) VALUES (UUID())")) for _ in range(150)]

    def takes() -> list[int]:
        start.wait()
        return [number for count in (1, 7, 300, 2, 90) for number in t.take(count)]

    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(work) for work in (inserts, inserts, takes, takes)]
        given = [number for future in futures for number in future.result()]
    assert len(given) == len(set(given)) == 2 * 150 + 2 * 400
    with t.application.connect() as connection:
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM t").scalar() == 300


@pytest.mark.parametrize("sort", ["plain", "awkward"])
def test_an_open_transaction_that_read_the_table_neither_waits_nor_is_waited_for(
    taker: Callable[..., Taker], sort: str
) -> None:
    t = taker(*TABLES[sort])
    with t.application.connect() as reader, t.application.connect() as another:
        reader.exec_driver_sql("SELECT COUNT(*) FROM t").all()
        assert len(t.take(1000)) == 1000
        if not ON_MYSQL:  # whose binary log is on: there may be replicas, which hear of ALTER TABLE only
            of(t.url).reserve(t.engine, TABLE, "id", 1_000_000)
        another.exec_driver_sql("SELECT COUNT(*) FROM t").all()
    of(t.url).reserve(t.engine, TABLE, "id", 1_000_000)
    assert t.insert(INSERT.get(sort, "INSERT INTO t (v) VALUES (UUID())")) == 1_000_001


@mariadb_only("it waits for a second at least, and is asked once")
@pytest.mark.parametrize("sort", ["partitioned", "refusing"])
def test_where_a_lock_is_needed_readers_do_not_queue_behind_it(
    taker: Callable[..., Taker], sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    t = taker(*TABLES[sort])
    knocks: list[float] = []
    knocked = threading.Semaphore(0)

    class Noting:
        """Notes for how long the server lets each asking for the lock wait, and with it the table's users behind it."""

        def __init__(self, cursor: Any) -> None:
            self.cursor, self.fetchone = cursor, cursor.fetchone

        def execute(self, statement: str) -> Any:
            if statement.startswith("LOCK TABLES"):
                self.cursor.execute("SELECT @@max_statement_time")
                knocks.append(float(self.fetchone()[0]))
                knocked.release()
            return self.cursor.execute(statement)

    lock = ids._lock  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(ids, "_lock", lambda cursor, name: lock(Noting(cursor), name))
    with t.application.connect() as reader, ThreadPoolExecutor(1) as pool:
        reader.exec_driver_sql("SELECT COUNT(*) FROM t").all()
        taking = pool.submit(t.take, 10)
        for _ in range(5):
            assert knocked.acquire(timeout=SECONDS)
            for _ in range(20):
                with t.application.connect() as another:
                    another.exec_driver_sql("SELECT COUNT(*) FROM t").all()
        assert not taking.done()
        reader.rollback()
        assert len(taking.result()) == 10
    assert set(knocks) == {ids.PATIENCE_SECONDS}


def test_servers_that_count_in_steps_take_ids_of_their_own_series(taker: Callable[..., Taker]) -> None:
    t = taker(PLAIN)

    @event.listens_for(t.engine, "connect")
    def one_of_three(connection: object, _: object) -> None:
        with connection.cursor() as cursor:  # type: ignore[attr-defined]
            cursor.execute("SET auto_increment_increment = 3, auto_increment_offset = 2")

    t.insert()
    first, second = t.take(10), t.take(10)
    assert {number % 3 for number in first + second} == {2}
    assert len(set(first) | set(second)) == 20
    assert t.insert() > max(second)


def test_a_small_counter_is_not_taken_to_its_end(taker: Callable[..., Taker]) -> None:
    t = taker("CREATE TABLE t (id TINYINT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(36))")
    taken = t.take(1000)
    assert taken == list(range(1, 64))
    assert t.insert() == 64
    t.run("INSERT INTO t (id) VALUES (127)")
    with pytest.raises(MappingError, match="at its end, 127"):
        t.take(1)


@pytest.fixture
def own_server() -> Iterator[MariaDB]:
    with Server() as server:
        yield server


def test_a_counter_that_was_raised_survives_a_restart(own_server: MariaDB) -> None:
    t = Taker(own_server.create_database("new"), PLAIN)
    taken = t.take(5000)
    of(t.url).reserve(t.engine, TABLE, "id", 100_000)
    own_server.restart()
    t.application.dispose()
    assert t.insert() == 100_001 > max(taken)
    t.close()


def test_ids_that_a_crashed_server_has_forgotten_are_not_used(
    own_server: MariaDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server dies after ids were taken ahead; the application is then given the same ones."""
    numbers = iter(range(10))
    with rigged(lambda _, name: own_server.create_database(f"{name}_{next(numbers)}")) as make:
        r = make("mariadb", workers=1)
        r.run(
            r.old,
            "CREATE TABLE o (id INT PRIMARY KEY, v VARCHAR(36))",
            "INSERT INTO o SELECT seq, 'old' FROM seq_1_to_3000",
        )
        r.run(r.new, PLAIN)
        root = old("shop", "o")
        project = r.project(Mapping("t", root, {"v": root.v}, ids=Assigned()))
        plan(project, "shop.o")
        # A server's start is known to the second: what starts again within it would look like the same.
        r.run(r.new, "SELECT SLEEP(1.1)")
        once = iter([True])

        def crash() -> None:
            if next(once, False):
                own_server.kill()
                own_server.start()
                r.new.dispose()
                r.run(r.new, "INSERT INTO t (v) SELECT 'app' FROM seq_1_to_4000")

        after(monkeypatch, Pool, "fill", lambda *_: crash())
        (done,) = backfill(project, "shop.o")
        assert done.error is None
        found = [v for _, v in r.rows("t")]
        assert (found.count("app"), found.count("old")) == (4000, 3000)
        assert_settled(project, [done])
