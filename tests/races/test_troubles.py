"""Servers as they are: connections that are cut, locks that others hold, small packets, no local_infile."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects import mysql

from changeover.dialects import Block, of
from changeover.mapping import Assigned, Mapping, old
from changeover.planning import plan
from changeover.transfer import backfill
from changeover.transfer.write import Writer
from demo.servers import MariaDB
from tests.mysql_kind import Server
from tests.races.gate import SECONDS, Background, after
from tests.transfer.rig import Rig, assert_settled, copy, counts, rigged

servers = pytest.mark.parametrize("kind", ["mariadb", "postgres"])
BACKFILL = sys.modules["changeover.transfer.backfill"]


def notes(r: Rig, count: int = 30) -> sa.Table:
    table = sa.Table(
        "note", sa.MetaData(), sa.Column("no", sa.Integer, primary_key=True), sa.Column("t", sa.String(30))
    )
    table.create(r.old)
    with r.old.begin() as connection:
        connection.execute(table.insert(), [{"no": n, "t": f"t{n}"} for n in range(1, count + 1)])
    new = sa.Table(
        "notes",
        sa.MetaData(),
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("t", sa.String(30)),
    )
    new.create(r.new)
    return new


def kill(r: Rig, kind: str, connection: sa.Connection) -> None:
    """End the connection's session from outside."""
    number = "CONNECTION_ID()" if kind == "mariadb" else "pg_backend_pid()"
    session = connection.exec_driver_sql(f"SELECT {number}").scalar_one()
    r.run(r.new, f"KILL {session}" if kind == "mariadb" else f"SELECT pg_terminate_backend({session})")


@servers
@pytest.mark.parametrize("point", ["locked", "read", "staged", "stored", "allocated"])
def test_a_connection_that_is_cut_is_made_again(
    rig: Callable[..., Rig], kind: str, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    new = notes(r)
    note = old("shop", "note")
    project = r.project(Mapping("notes", note, {"t": note.t}, ids=Assigned()))
    plan(project, "shop.note")
    once, cut = iter([True]), []

    def end(connection: sa.Connection | None) -> None:
        if connection is not None and next(once, False):
            kill(r, kind, connection)
            cut.append(point)

    dialect = type(project.dialect)
    if point == "locked":
        after(monkeypatch, dialect, "lock", lambda _, connection, *__, **___: end(connection))
    elif point == "read":
        after(monkeypatch, dialect, "read", lambda _, connection, *__: end(connection))
    elif point == "staged":
        after(monkeypatch, dialect, "stage", lambda _, connection, *__: end(connection))
    elif point == "allocated":
        after(monkeypatch, dialect, "allocate", lambda _, connection, *__: end(connection))
    else:
        after(monkeypatch, Writer, "_store", lambda writer, *_: end(writer.connection))
    (done,) = backfill(project, "shop.note")
    assert done.error is None
    assert cut == ([point] if point != "allocated" or kind == "postgres" else [])
    assert sorted(t for _, t in r.rows(new)) == sorted(f"t{n}" for n in range(1, 31))
    assert r.rejects() == []
    assert_settled(project, [done])


@servers
def test_a_session_cut_inside_a_bulk_statement_is_made_again(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    new = notes(r)
    note = old("shop", "note")
    project = r.project(Mapping("notes", note, {"t": note.t}))
    plan(project, "shop.note")
    left = {"stage": 1, "read": 1}
    dialect = type(project.dialect)
    for name in list(left):
        work = getattr(dialect, name)

        def cut_before(
            self: Any, connection: sa.Connection, *args: Any, name: str = name, work: Any = work
        ) -> Any:
            if left[name]:
                left[name] = 0
                kill(r, kind, connection)
            return work(self, connection, *args)

        monkeypatch.setattr(dialect, name, cut_before)
    (done,) = backfill(project, "shop.note")
    assert done.error is None
    assert left == {"stage": 0, "read": 0}
    assert len(r.rows(new)) == 30
    assert_settled(project, [done])


@servers
def test_a_row_that_the_application_holds_is_waited_for_in_turns(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    new = notes(r)
    note = old("shop", "note")
    project = r.project(Mapping("notes", note, {"t": note.t}))
    copy(project)
    r.run(r.old, "UPDATE note SET t = 'changed' WHERE no = 5")
    gave_way = threading.Event()
    work = type(project.dialect).trouble

    def judged(self: Any, error: BaseException) -> Any:
        found = work(self, error)
        if found == "transient":
            gave_way.set()
        return found

    monkeypatch.setattr(type(project.dialect), "trouble", judged)
    with r.new.begin() as application:
        application.execute(new.update().where(new.c.id == 5).values(t="mine"))
        copier = Background(lambda: list(backfill(project, "shop.note")))
        assert gave_way.wait(SECONDS)
    (done,) = copier.result()
    assert done.error is None
    assert dict(r.rows(new))[5] == "changed"
    assert r.rejects() == []
    assert_settled(project, [done])


@servers
def test_a_deadlock_with_the_application_ends_well(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    new = notes(r)
    note = old("shop", "note")
    project = r.project(Mapping("notes", note, {"t": note.t}))
    copy(project)
    r.run(r.old, "UPDATE note SET t = 'changed'")
    waiting = (
        "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
        if kind == "mariadb"
        else "SELECT COUNT(*) FROM pg_locks WHERE NOT granted"
    )
    application = r.new.connect()
    application.execute(new.update().where(new.c.id == 20).values(t="mine"))
    copier = Background(lambda: list(backfill(project, "shop.note")))
    until = time.monotonic() + SECONDS
    with r.new.connect().execution_options(isolation_level="AUTOCOMMIT") as observer:
        while not observer.exec_driver_sql(waiting).scalar_one():
            assert time.monotonic() < until, "nobody waits"
            time.sleep(
                0.2
            )  # InnoDB shows a copy of its list, made anew only for who hasn't asked for a tenth of a second
    try:
        application.execute(new.update().where(new.c.id == 1).values(t="mine"))
        application.commit()
    except exc.DBAPIError:
        application.rollback()
    finally:
        application.close()
    (done,) = copier.result()
    assert done.error is None
    assert {t for _, t in r.rows(new)} == {"changed"}
    assert r.rejects() == []
    assert_settled(project, [done])


@pytest.fixture(scope="module")
def small() -> Iterator[MariaDB]:
    with Server(extra_args=["--local-infile=0", "--max-allowed-packet=4M"]) as server:
        yield server


@pytest.fixture
def small_rig(small: MariaDB) -> Iterator[Callable[..., Rig]]:
    made: list[str] = []

    def database(kind: str, name: str) -> str:
        assert kind == "mariadb"
        made.append(f"{name}_{len(made)}")
        return small.create_database(made[-1])

    with rigged(database) as make:
        yield make
    for name in made:
        small.drop_database(name)


NASTY = [
    "",
    "\\N",
    "\\",
    "'",
    "''",
    "\\'",
    "','\\N','",
    "a\tb\nc\rd\\te",
    "%s %(x)s",
    "é한😀",
    "null\0byte",
    "'),('",
    "NULL",
]


def test_without_local_infile_the_same_text_arrives(small_rig: Callable[..., Rig]) -> None:
    r = small_rig("mariadb")
    assert not r.new.connect().exec_driver_sql("SELECT @@local_infile").scalar_one()
    texts = [None, None, *NASTY, *(a + b for a in NASTY for b in NASTY)]
    columns = [f"c{n}" for n in range(3)]
    block = Block(b"", 0)
    engine = of(r.new_url).engine(r.new_url, "new", 1)
    with engine.begin() as connection:
        from changeover.dialects.block import encode

        rows = [(str(n), *[texts[(n + place) % len(texts)] for place in range(3)]) for n in range(len(texts))]
        block = Block(b"\n".join(b"\t".join(map(encode, row)) for row in rows), len(rows))
        of(r.new_url).stage(connection, "s", ["k", *columns], block)
        found = connection.exec_driver_sql("SELECT * FROM s").all()
    engine.dispose()
    assert rows[-1][2:] == (None, None), "a NULL ends the last row"
    assert sorted((row[0].decode(), *row[1:]) for row in found) == sorted(rows, key=lambda row: row[0])


def test_a_null_that_ends_the_last_row_stays_null_without_local_infile(small_rig: Callable[..., Rig]) -> None:
    r = small_rig("mariadb")
    new = notes(r, 3)
    r.run(r.old, "UPDATE note SET t = NULL WHERE no = 3")
    note = old("shop", "note")
    project = r.project(Mapping("notes", note, {"t": note.t}))
    assert_settled(project, copy(project))
    assert r.rows(new) == [(1, "t1"), (2, "t2"), (3, None)]


def test_a_stage_that_is_not_what_was_read_is_noticed(
    small_rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    r = small_rig("mariadb")
    new = notes(r)
    note = old("shop", "note")
    project = r.project(Mapping("notes", note, {"t": note.t}))
    monkeypatch.setattr(
        "changeover.dialects.mysql.staging._literal",
        lambda part: (
            b"('" + part.replace(b"\t", b"','").replace(b"\n", b"'),('").replace(b"t7", b"t") + b"')"
        ),
    )
    (done,) = copy(project)
    assert done.error is not None
    assert r.rows(new) == []


def test_bytes_beyond_half_a_packet_arrive(small_rig: Callable[..., Rig]) -> None:
    r = small_rig("mariadb")
    tables = [
        sa.Table(
            name,
            sa.MetaData(),
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("b", mysql.LONGBLOB()),
        )
        for name in ("scan", "scans")
    ]
    tables[0].create(r.old)
    tables[1].create(r.new)
    megabytes = {1: 1, 2: 0, 3: 3, 4: 2}
    for no, size in megabytes.items():
        r.run(r.old, f"INSERT INTO scan VALUES ({no}, REPEAT(CHAR(0, 9, 255, 92), {size} * 250000))")
    scan = old("shop", "scan")
    project = r.project(Mapping("scans", scan, {"b": scan.b}))
    done = copy(project)
    lengths = {no: len(data) for no, data in r.rows(tables[1])}
    assert {int(key) for key in r.reject_keys()} | set(lengths) == set(megabytes)
    assert {no: size for no, size in lengths.items() if size != megabytes[no] * 1_000_000} == {}
    assert len(lengths) >= 2
    assert [one.error for one in done] == [None]


def test_rows_larger_than_a_small_packet_arrive_or_are_rejected(
    small_rig: Callable[..., Rig], small: MariaDB
) -> None:
    r = small_rig("mariadb")
    long_text = mysql.LONGTEXT()
    table = sa.Table(
        "note",
        sa.MetaData(),
        sa.Column("no", sa.Integer, primary_key=True),
        sa.Column("a", long_text),
        sa.Column("b", long_text),
    )
    table.create(r.old)
    new = sa.Table(
        "notes",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("a", long_text),
        sa.Column("b", long_text),
    )
    new.create(r.new)
    sizes = [
        (1, 10, 10),
        (2, 1_500_000, 10),
        (3, 1_900_000, 1_900_000),
        (4, 2_500_000, 2_500_000),
        (5, 100, 100),
    ]
    sizes += [(n, 50_000, 50_000) for n in range(10, 120)]
    for no, a, b in sizes:
        r.run(r.old, f"INSERT INTO note VALUES ({no}, REPEAT('x', {a}), REPEAT('\\\\', {b}))")
    note = old("shop", "note")
    project = r.project(Mapping("notes", note, {"a": note.a, "b": note.b}))
    done = copy(project)
    assert [d.error for d in done] == [None]
    lengths = {(no, len(a), len(b)) for no, a, b in r.rows(new)}
    rejected = r.reject_keys()
    assert set(rejected) <= {"3", "4"}
    assert lengths == {size for size in sizes if str(size[0]) not in rejected}
    assert counts(done, "inserted") == (len(sizes) - len(rejected),)
    assert_settled(project, done)
