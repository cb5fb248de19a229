"""Statements that PostgreSQL's triggers note as a whole: no row of theirs is passed over, whatever its way into the table was."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from changeover.capture.install import install
from changeover.capture.watch import look
from changeover.capture.watched import with_facts
from changeover.dialects import driver_url
from changeover.errors import ChangeoverError
from changeover.mapping import Computed, Mapping, left_join, old
from demo.servers import PostgreSQL
from tests.capture.scene import clear, entries, installed, keys, noted, target
from tests.races.gate import SECONDS
from tests.transfer.rig import Rig

Rigs = Callable[..., Rig]
item, line = old("shop", "item"), old("shop", "line")
MAPPING = Mapping("thing", item, {"a": item.code})


def items(rig: Rigs, *rows: str) -> Rig:
    r = rig("postgres", shop="postgres")
    r.run(r.old, "CREATE TABLE item (no INTEGER PRIMARY KEY, code VARCHAR(10), up INTEGER)")
    if rows:
        r.run(r.old, f"INSERT INTO item VALUES {', '.join(rows)}")
    target(r)
    installed(r, MAPPING)
    return r


def test_each_of_a_statements_ways_to_write(rig: Rigs) -> None:
    r = items(rig, "(1, 'a')", "(2, 'b')", "(3, 'c')")
    merge = (
        "MERGE INTO item AS i USING (VALUES (1), (2), (9)) AS v (no) ON i.no = v.no "
        "WHEN MATCHED AND v.no = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET no = 20 WHEN NOT MATCHED THEN INSERT VALUES (v.no)"
    )
    assert set(noted(r, merge)) == {"1", "2", "20", "9"}
    together = (
        "WITH a AS (INSERT INTO item VALUES (40) RETURNING no), b AS (INSERT INTO item VALUES (41) RETURNING no), "
        "c AS (UPDATE item SET no = 30 WHERE no = 3 RETURNING no), d AS (DELETE FROM item WHERE no = 9 RETURNING no) "
        "INSERT INTO item SELECT no + 10 FROM a UNION ALL SELECT no + 20 FROM b"
    )
    assert set(noted(r, together)) == {"40", "41", "3", "30", "9", "50", "61"}
    assert set(noted(r, "INSERT INTO item VALUES (40), (70) ON CONFLICT (no) DO UPDATE SET no = 71")) == {
        "40",
        "70",
        "71",
    }
    assert noted(r, "UPDATE item SET code = 'x' WHERE no < 0", "DELETE FROM item WHERE no < 0") == []
    assert (
        noted(r, "INSERT INTO item VALUES (50) ON CONFLICT DO NOTHING", "INSERT INTO item SELECT 80 LIMIT 0")
        == []
    )
    clear(r)
    with r.old.begin() as connection:
        driver: Any = connection.connection.dbapi_connection
        with driver.cursor() as cursor, cursor.copy("COPY item (no) FROM STDIN") as lines:
            lines.write("81\n82\n")
    assert keys(r) == ["81", "82"]


def test_keys_that_rows_hand_to_each_other(rig: Rigs) -> None:
    r = items(rig)
    r.run(r.old, "ALTER TABLE item DROP CONSTRAINT item_pkey, ADD PRIMARY KEY (no) DEFERRABLE")
    install(r.project(MAPPING))
    r.run(r.old, "INSERT INTO item SELECT n FROM generate_series(1, 3) AS n")
    assert set(noted(r, "UPDATE item SET no = no + 1")) == {"1", "2", "3", "4"}
    assert set(noted(r, "UPDATE item SET no = 6 - no")) == {"2", "3", "4"}


def test_what_is_rolled_back_within_a_transaction_leaves_nothing(rig: Rigs) -> None:
    r = items(rig, "(1, 'a')")
    clear(r)
    with r.old.begin() as connection:
        connection.exec_driver_sql("UPDATE item SET code = 'b'")
        nested = connection.begin_nested()
        connection.exec_driver_sql("INSERT INTO item VALUES (2)")
        nested.rollback()
        connection.exec_driver_sql(
            "DO $$ BEGIN INSERT INTO item VALUES (3); INSERT INTO item VALUES (1); "
            "EXCEPTION WHEN unique_violation THEN NULL; END $$"
        )
        connection.exec_driver_sql("INSERT INTO item VALUES (4)")
    assert keys(r) == ["1", "4"]


def test_cascades_of_several_levels_and_to_the_table_itself(rig: Rigs) -> None:
    r = rig("postgres", shop="postgres")
    r.run(
        r.old,
        "CREATE TABLE vendor (no INTEGER PRIMARY KEY)",
        "CREATE TABLE item (no INTEGER PRIMARY KEY, code VARCHAR(10), "
        "up INTEGER REFERENCES item ON DELETE CASCADE ON UPDATE CASCADE, "
        "vendor INTEGER REFERENCES vendor ON DELETE CASCADE ON UPDATE CASCADE)",
        "CREATE TABLE line (item INTEGER REFERENCES item ON DELETE CASCADE ON UPDATE CASCADE, no INTEGER, "
        "PRIMARY KEY (item, no))",
        "CREATE TABLE note (no INTEGER PRIMARY KEY, item INTEGER REFERENCES item ON DELETE SET NULL ON UPDATE CASCADE)",
        "INSERT INTO vendor VALUES (1), (2)",
        "INSERT INTO item VALUES (1, 'a', NULL, 1), (2, 'b', 1, 2), (3, 'c', 2, 2), (4, 'd', NULL, 2)",
        "INSERT INTO line VALUES (1, 1), (2, 1), (3, 1), (4, 1)",
        "INSERT INTO note VALUES (7, 3), (8, 4)",
    )
    target(r)
    target(r, "part", columns=("item INTEGER", "no INTEGER", "PRIMARY KEY (item, no)"))
    target(r, "memo")
    note = old("shop", "note")
    installed(
        r,
        MAPPING,
        Mapping("part", line, {"item": line.item, "no": line.no}, ids=Computed()),
        Mapping("memo", note, {"a": note.item}),
    )
    clear(r)
    r.run(r.old, "UPDATE item SET no = 30 WHERE no = 3")
    assert set(entries(r)) == {
        ("item", "3"),
        ("item", "30"),
        ("line", "3|1"),
        ("line", "30|1"),
        ("note", "7"),
    }
    clear(r)
    r.run(r.old, "DELETE FROM vendor WHERE no = 1")
    assert set(entries(r)) == {
        *(("item", no) for no in ("1", "2", "30")),
        *(("line", no) for no in ("1|1", "2|1", "30|1")),
        ("note", "7"),
    }


def test_writes_of_the_applications_own_triggers(rig: Rigs) -> None:
    r = items(rig)
    r.run(
        r.old,
        "CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.no < 4 THEN "
        "INSERT INTO item VALUES (NEW.no + 1), (NEW.no + 100); UPDATE item SET no = NEW.no + 200 WHERE no = NEW.no + 100; "
        "END IF; RETURN NULL; END $$",
        "CREATE TRIGGER a_first AFTER INSERT ON item FOR EACH ROW EXECUTE FUNCTION more()",
        "CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.no := -NEW.no; RETURN NEW; END $$",
        "CREATE TRIGGER b_first BEFORE UPDATE ON item FOR EACH ROW WHEN (NEW.code = 'turn') EXECUTE FUNCTION other()",
    )
    assert set(noted(r, "INSERT INTO item VALUES (1), (50)")) == {
        *("1", "2", "3", "4", "50"),
        *("101", "102", "103", "201", "202", "203"),
    }
    assert noted(r, "UPDATE item SET code = 'turn' WHERE no = 50") == ["-50", "50"]


def test_keys_that_are_equal_and_not_the_same(rig: Rigs) -> None:
    r = rig("postgres", shop="postgres")
    r.run(
        r.old,
        "CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
        "CREATE TABLE item (code VARCHAR(10) COLLATE folded PRIMARY KEY, n NUMERIC(5, 2))",
        "CREATE TABLE line (no INTEGER PRIMARY KEY, code VARCHAR(10) COLLATE folded)",
        "INSERT INTO item VALUES ('a', 1)",
    )
    target(r, columns=("code VARCHAR(10) PRIMARY KEY",))
    mapping = Mapping(
        "thing",
        item,
        {"code": item.code, "a": line.no},
        joins=(left_join(line, line.code == item.code),),
        ids=Computed(),
    )
    installed(r, mapping)
    assert noted(r, "UPDATE item SET code = 'A'") == ["A", "a"]
    assert noted(r, "INSERT INTO line VALUES (1, 'a'), (2, 'A'), (3, 'a'), (4, NULL)") == ["A", "a"]
    assert noted(r, "DELETE FROM line") == ["A", "a"]


def test_links_that_are_made_cut_and_turned(rig: Rigs) -> None:
    r = rig("postgres", shop="postgres")
    r.run(
        r.old,
        "CREATE TABLE item (no INTEGER PRIMARY KEY)",
        "CREATE TABLE line (no INTEGER PRIMARY KEY, item INTEGER)",
        "INSERT INTO line VALUES (1, 10), (2, 20), (3, NULL), (4, NULL), (5, 10)",
    )
    target(r)
    installed(r, Mapping("thing", item, {"a": line.no}, joins=(left_join(line, line.item == item.no),)))
    assert noted(r, "UPDATE line SET item = NULL WHERE no = 1") == ["10"]
    assert noted(r, "UPDATE line SET item = 30 WHERE no = 3") == ["30"]
    assert noted(r, "UPDATE line SET item = 30 WHERE no = 2") == ["20", "30"]
    assert noted(r, "UPDATE line SET item = item", "INSERT INTO line VALUES (6, NULL)") == ["10", "30", "30"]
    assert noted(r, "DELETE FROM line") == ["10", "30"]


@pytest.mark.parametrize("how", ["partition", "heir"])
def test_rows_of_a_table_that_are_written_through_another(rig: Rigs, how: str) -> None:
    r = rig("postgres", shop="postgres")
    base = "CREATE TABLE base (no INTEGER NOT NULL, code VARCHAR(10))"
    r.run(
        r.old,
        *(
            [
                f"{base} PARTITION BY RANGE (no)",
                "CREATE TABLE item PARTITION OF base FOR VALUES FROM (0) TO (100)",
            ]
            if how == "partition"
            else [base, "CREATE TABLE item () INHERITS (base)"]
        ),
        "ALTER TABLE item ADD PRIMARY KEY (no)",
    )
    target(r)
    installed(r, MAPPING)
    where = "base" if how == "partition" else "item"
    assert noted(r, f"INSERT INTO {where} VALUES (1), (2)") == ["1", "2"]
    assert noted(r, "UPDATE base SET no = 3 WHERE no = 1") == ["1", "3"]
    assert noted(r, "DELETE FROM base WHERE no = 2") == ["2"]


@pytest.mark.parametrize(
    "alter",
    [
        "ALTER TABLE item INHERIT base",
        "ALTER TABLE split ATTACH PARTITION item FOR VALUES FROM (0) TO (100)",
        "CREATE TABLE heir () INHERITS (item)",
    ],
)
def test_a_table_that_others_begin_to_reach_is_broken(rig: Rigs, alter: str) -> None:
    r = items(rig)
    columns = "(no INTEGER NOT NULL, code VARCHAR(10), up INTEGER)"
    r.run(r.old, f"CREATE TABLE base {columns}", f"CREATE TABLE split {columns} PARTITION BY RANGE (no)")
    project = r.project(MAPPING)
    assert look(project, "shop") == []
    r.run(r.old, alter)
    (broken,) = look(project, "shop")
    assert "inherit" in broken.reason or "altered" in broken.reason


@pytest.mark.parametrize(
    ("join", "part"),
    [
        ("ALTER TABLE item INHERIT base", "ALTER TABLE item NO INHERIT base"),
        (
            "ALTER TABLE split ATTACH PARTITION item FOR VALUES FROM (0) TO (100)",
            "ALTER TABLE split DETACH PARTITION item",
        ),
    ],
)
def test_a_table_that_another_reached_between_two_looks_is_broken(rig: Rigs, join: str, part: str) -> None:
    r = items(rig)
    columns = "(no INTEGER NOT NULL, code VARCHAR(10), up INTEGER)"
    r.run(r.old, f"CREATE TABLE base {columns}", f"CREATE TABLE split {columns} PARTITION BY RANGE (no)")
    project = r.project(MAPPING)
    with r.old.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for calm in ("INSERT INTO item VALUES (1)", "ANALYZE item", "VACUUM (FULL, FREEZE) pg_attribute"):
            connection.exec_driver_sql(calm)
    assert look(project, "shop") == []
    r.run(r.old, join, part)
    (broken,) = look(project, "shop")
    assert "altered" in broken.reason


def test_a_table_that_others_begin_to_reach_while_its_triggers_are_made(
    rig: Rigs, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig("postgres", shop="postgres")
    columns = "(no INTEGER NOT NULL, code VARCHAR(10))"
    r.run(
        r.old,
        f"CREATE TABLE item {columns}",
        "ALTER TABLE item ADD PRIMARY KEY (no)",
        f"CREATE TABLE base {columns}",
    )
    target(r)
    from changeover.capture import statements

    def run(*given: Any, **more: Any) -> None:
        statements.run(*given, **more)
        r.run(r.old, "ALTER TABLE item INHERIT base")

    with monkeypatch.context() as patched:
        patched.setattr("changeover.capture.install.run", run)
        with pytest.raises(ChangeoverError, match="altered while its triggers were made"):
            install(r.project(MAPPING))
    project = installed(r, MAPPING)
    assert look(project, "shop") == []
    r.run(r.old, "INSERT INTO item VALUES (1)")
    assert noted(r, "UPDATE base SET no = 2") == ["1", "2"]


def test_a_subscription_replays_rows_past_the_triggers_of_statements(rig: Rigs) -> None:
    r = rig("postgres", shop="postgres")
    with PostgreSQL(["-c", "wal_level=logical"]) as server:
        first, second = (sa.create_engine(driver_url(server.create_database(n))) for n in ("one", "two"))
        r.olds["shop"].dispose()
        r.old_urls["shop"], r.olds["shop"] = second.url, second
        for engine in (first, second):
            r.run(engine, "CREATE TABLE item (no INTEGER PRIMARY KEY, code VARCHAR(10))")
        target(r)
        project = installed(r, MAPPING)
        r.run(first, "CREATE PUBLICATION p FOR TABLE item")
        r.run(first, "SELECT pg_create_logical_replication_slot('s', 'pgoutput')")
        at = first.url
        link = f"host={at.host} port={at.port} dbname={at.database} user={at.username} password={at.password}"
        options = "create_slot = false, slot_name = s, copy_data = false"
        r.run(second, f"CREATE SUBSCRIPTION s CONNECTION '{link}' PUBLICATION p WITH ({options})")
        r.run(first, "INSERT INTO item VALUES (1), (2), (3)")
        r.run(first, "UPDATE item SET no = 9 WHERE no = 1")
        r.run(first, "DELETE FROM item WHERE no = 2")
        until = time.monotonic() + SECONDS
        while r.rows_of(second, "item", "no") != [(3,), (9,)] and time.monotonic() < until:
            time.sleep(0.05)
        found = sorted(keys(r))
        # What holds the server's slots and connections goes before it.
        with second.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("DROP SUBSCRIPTION s")
        project.close()
        for engine in (first, second):
            engine.dispose()
    assert found == ["1", "1", "2", "2", "3", "9"]


def test_a_function_runs_nothing_that_a_session_puts_in_its_path(rig: Rigs) -> None:
    r = items(rig)
    steal = "LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'taken over'; END $$"
    kinds = [("text", "text"), ("name", "text"), ("integer", "integer"), ("boolean", "boolean")]
    r.run(
        r.old,
        "CREATE SCHEMA evil",
        *(f"CREATE FUNCTION evil.same({a}, {b}) RETURNS boolean {steal}" for a, b in kinds),
        *(
            f"CREATE OPERATOR evil.{sign} (LEFTARG = {a}, RIGHTARG = {b}, FUNCTION = evil.same)"
            for a, b in kinds
            for sign in ("=", "<>")
        ),
        f"CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz {steal}",
        f"CREATE FUNCTION evil.timezone(text, timestamptz) RETURNS timestamp {steal}",
        "CREATE DOMAIN evil.text AS pg_catalog.text CHECK (false)",
        "CREATE TABLE evil.changeover_outbox (source INTEGER)",
        "CREATE TABLE evil.changeover_new (no INTEGER)",
    )
    clear(r)
    for role in ("origin", "replica"):
        with r.old.begin() as connection:
            connection.exec_driver_sql("SET LOCAL search_path = evil, public, pg_catalog")
            connection.exec_driver_sql(f"SET LOCAL session_replication_role = {role}")
            connection.exec_driver_sql("CREATE TEMPORARY TABLE changeover_old (no INTEGER) ON COMMIT DROP")
            connection.exec_driver_sql("INSERT INTO item VALUES (1)")
            connection.exec_driver_sql("UPDATE item SET no = 2")
            connection.exec_driver_sql("DELETE FROM item")
    assert set(keys(r)) == {"1", "2"}


def test_triggers_of_rows_are_replaced_without_a_gap(rig: Rigs, monkeypatch: pytest.MonkeyPatch) -> None:
    r = rig("postgres", shop="postgres")
    r.run(r.old, "CREATE TABLE item (no INTEGER PRIMARY KEY, code VARCHAR(10))")
    target(r)
    with monkeypatch.context() as patched:
        patched.setattr(
            "changeover.capture.survey.with_facts",
            lambda one, facts: replace(with_facts(one, facts), alone=False),
        )
        installed(r, MAPPING)
    written, over = [0], threading.Event()

    def application() -> None:
        with r.old.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while not over.is_set():
                connection.exec_driver_sql(f"INSERT INTO item VALUES ({written[0]})")
                written[0] += 1

    writer = threading.Thread(target=application)
    writer.start()
    project = r.project(MAPPING)
    (broken,) = look(project, "shop")
    assert "release" in broken.reason
    before = written[0]
    install(project)
    while written[0] < before + 200:
        time.sleep(0.01)
    over.set()
    writer.join()
    assert look(project, "shop") == []
    assert sorted(map(int, keys(r))) == list(range(written[0]))
    with r.old.connect() as connection:
        assert (
            connection.exec_driver_sql(
                "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'changeover%%'"
            ).scalar()
            == 5
        )


def test_a_name_that_holds_what_the_body_is_quoted_by(rig: Rigs) -> None:
    r = rig("postgres", shop="postgres")
    r.run(r.old, 'CREATE TABLE "a$changeover$b" (no INTEGER PRIMARY KEY, code VARCHAR(10))')
    target(r)
    odd = old("shop", "a$changeover$b")
    installed(r, Mapping("thing", odd, {"a": odd.code}))
    assert noted(r, """INSERT INTO "a$changeover$b" VALUES (1, 'x')""") == ["1"]
