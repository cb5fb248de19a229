"""Errors of servers: what is tried again, what asks for fewer rows, and what is one row's fault."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any

import pymysql
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from changeover.dialects import of
from changeover.mapping import Mapping, lookup, old
from changeover.planning import plan
from changeover.transfer import ChunkDone, backfill
from tests.mysql_kind import ON_MYSQL, Server
from tests.races.gate import after
from tests.transfer.rig import Rig, assert_settled, copy, rigged

SLOW = {"mariadb": "CONCAT(v, IF(SLEEP(0.002), '', ''))", "postgres": "CONCAT(v, pg_sleep(0.002))"}


@pytest.mark.parametrize("kind", SLOW)
def test_a_statement_that_takes_longer_than_the_server_allows_is_given_fewer_rows(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind, workers=1)
    for engine in (r.old, r.new):
        r.run(engine, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9))")
    with r.old.begin() as connection:
        rows = [{"id": n, "v": "x"} for n in range(1, 1501)]
        connection.execute(sa.text("INSERT INTO t VALUES (:id, :v)"), rows)
    root = old("shop", "t")
    project = r.project(Mapping("t", root, {"v": sa.literal_column(SLOW[kind], sa.Text())}))
    maria = "max_execution_time = {}000" if ON_MYSQL else "max_statement_time = {}"
    limit = maria if kind == "mariadb" else "statement_timeout = '{}s'"
    dialect = type(project.old["shop"].dialect)
    read = dialect.read

    def hurried(self: Any, connection: sa.Connection, select: Any) -> Any:
        """Only where rows are read: nothing else has to be done in a second."""
        connection.exec_driver_sql("SET " + limit.format(1))
        try:
            return read(self, connection, select)
        finally:
            with suppress(DBAPIError):  # in a transaction that failed, and takes it back itself
                connection.exec_driver_sql("SET " + limit.format(0))

    monkeypatch.setattr(dialect, "read", hurried)
    plan(project, "shop.t")
    chunks: list[ChunkDone] = []
    (done,) = backfill(project, "shop.t", on_chunk=chunks.append)
    assert done.error is None
    assert r.rows("t") == r.rows_of(r.old, "t")
    assert all(chunk.rows_read < 500 for chunk in chunks)


def test_a_query_that_somebody_killed_is_tried_again(
    rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig("mariadb")
    for engine in (r.old, r.new):
        r.run(engine, "CREATE TABLE t (id INT PRIMARY KEY, v INT)")
    r.run(r.old, "INSERT INTO t SELECT seq, seq FROM seq_1_to_100")
    root = old("shop", "t")
    project = r.project(Mapping("t", root, {"v": root.v}))
    once = iter([True])

    def kill(_: object, connection: sa.Connection, *__: object) -> None:
        if next(once, False):
            connection.exec_driver_sql("KILL QUERY CONNECTION_ID()")

    after(monkeypatch, type(project.dialect), "stage", kill)
    assert_settled(project, copy(project))
    assert next(once, None) is None
    assert r.rows("t") == r.rows_of(r.old, "t")


def test_a_server_without_a_free_connection_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = count()
    with (
        Server(extra_args=["--max-connections=12"]) as server,
        rigged(lambda _, name: server.create_database(f"{name}_{next(numbers)}")) as make,
    ):
        r = make("mariadb", workers=1)
        for engine in (r.old, r.new):
            r.run(engine, "CREATE TABLE t (id INT PRIMARY KEY, v INT)")
        r.run(r.old, "INSERT INTO t SELECT seq, seq FROM seq_1_to_100")
        root = old("shop", "t")
        project = r.project(Mapping("t", root, {"v": root.v}))
        plan(project, "shop.t")
        for engine in (project.new.engine, project.old["shop"].engine, r.old, r.new):
            engine.dispose()
        url = sa.make_url(server.url())
        account = {"host": "127.0.0.1", "port": url.port, "user": url.username, "password": url.password}
        taken: list[pymysql.Connection] = []
        with suppress(pymysql.err.OperationalError):
            while True:
                taken.append(pymysql.connect(**account))  # type: ignore[arg-type]
        refused: list[str] = []
        work = type(project.dialect).trouble

        def judged(self: Any, error: BaseException) -> Any:
            refused.append(str(error))
            while taken:
                taken.pop().close()
            return work(self, error)

        monkeypatch.setattr(type(project.dialect), "trouble", judged)
        (done,) = backfill(project, "shop.t")
        assert refused
        assert done.error is None
        assert r.rows("t") == r.rows_of(r.old, "t")


MARIADB_REFUSES = (
    "CREATE TRIGGER refuses BEFORE INSERT ON t FOR EACH ROW IF NEW.v = 'boom' THEN "
    "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 's3cret', MYSQL_ERRNO = 30001; END IF"
)
POSTGRES_REFUSES = (
    "CREATE FUNCTION refuses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.v = 'boom' THEN "
    "RAISE EXCEPTION 's3cret' USING ERRCODE = 'BM001'; END IF; RETURN NEW; END $$; "
    "CREATE TRIGGER refuses BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION refuses()"
)
REFUSES = {"mariadb": MARIADB_REFUSES, "postgres": POSTGRES_REFUSES}


@pytest.mark.parametrize("kind", REFUSES)
def test_a_row_that_a_trigger_refuses_by_a_code_of_its_own_is_a_reject(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind)
    for engine in (r.old, r.new):
        r.run(engine, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9))")
    r.run(r.old, "INSERT INTO t VALUES (1, 'a'), (2, 'boom'), (3, 'c')")
    r.run(r.new, REFUSES[kind])
    root = old("shop", "t")
    project = r.project(Mapping("t", root, {"v": root.v}))
    (done,) = copy(project)
    assert done.error is None
    assert r.rows("t") == [(1, "a"), (3, "c")]
    (reject,) = r.rejects()
    assert (reject.root_key, "a trigger refused it" in reject.reason) == ("2", True)
    assert "s3cret" not in reject.reason


def test_a_text_that_the_new_column_cannot_be_compared_with_is_a_reject(rig: Callable[..., Rig]) -> None:
    r = rig("mariadb")
    r.run(
        r.old,
        "CREATE TABLE p (k VARCHAR(9) COLLATE utf8mb4_bin PRIMARY KEY, v VARCHAR(9))",
        "CREATE TABLE c (id INT PRIMARY KEY, code VARCHAR(9))",
        "INSERT INTO p VALUES ('ok', 'a'), ('한글', 'b')",
        "INSERT INTO c VALUES (1, 'ok'), (2, '한글')",
    )
    r.run(
        r.new,
        "CREATE TABLE p (k VARCHAR(9) CHARACTER SET latin1 PRIMARY KEY, v VARCHAR(9))",
        "CREATE TABLE ref (id INT PRIMARY KEY, code VARCHAR(9) CHARACTER SET latin1 NOT NULL UNIQUE)",
        "INSERT INTO ref VALUES (1, '??'), (2, 'ok')",
        "CREATE TABLE c (id INT PRIMARY KEY, ref_id INT)",
    )
    p, c = old("shop", "p"), old("shop", "c")
    project = r.project(
        Mapping("p", p, {"v": p.v}), Mapping("c", c, {"ref_id": lookup("ref", c.code, by="code")})
    )
    done = copy(project)
    assert [d.error for d in done] == [None, None]
    assert (r.rows("p"), r.rows("c")) == ([("ok", "a")], [(1, 2)])
    assert set(r.reject_keys()) == {"한글", "2"}


def test_states_of_the_server_itself_are_no_row_s_fault(rig: Callable[..., Rig]) -> None:
    r = rig("postgres")
    dialect = of(r.new_url)
    for statement, expected in (
        ("SELECT * FROM nowhere", "fatal"),
        ("SELECT 1/0", "row"),
        ("SELEC", "fatal"),
        ("DO $$ BEGIN RAISE 'x'; END $$", "row"),
        ("DO $$ BEGIN RAISE 'x' USING ERRCODE = '23000'; END $$", "row"),
        ("DO $$ BEGIN RAISE 'x' USING ERRCODE = 'query_canceled'; END $$", "slow"),
    ):
        with r.new.connect() as connection, pytest.raises(DBAPIError) as raised:
            connection.exec_driver_sql(statement)
        assert dialect.trouble(raised.value) == expected, statement
