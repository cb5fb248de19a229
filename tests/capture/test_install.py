"""Installing beside a running application, with its account's rights and ours; and leaving without a trace."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from changeover.capture import statements
from changeover.capture.install import CannotInstall, install, uninstall
from changeover.capture.statements import TableBusy
from changeover.capture.trace import Untraceable
from changeover.capture.watch import look
from changeover.capture.watched import Unwritable
from changeover.ledger import capture as ledger
from changeover.ledger.ranges import ranges_of
from changeover.mapping import Computed, Mapping, left_join, old
from tests.capture.scene import clear, entries, installed, keys, noted, target
from tests.mysql_kind import ON_MYSQL, mariadb_only
from tests.races.gate import SECONDS, Background, after
from tests.transfer.rig import KINDS, Rig, copy

every_kind = pytest.mark.parametrize("kind", KINDS)
servers = pytest.mark.parametrize("kind", ["mariadb", "postgres"])
Rigs = Callable[..., Rig]
item, tag = old("shop", "item"), old("shop", "tag")
MAPPING = Mapping("thing", item, {"a": item.code})
JOINED = Mapping("thing", item, {"a": tag.label}, joins=(left_join(tag, tag.code == item.code),))


def items(rig: Rigs, kind: str) -> Rig:
    r = rig(kind, shop=kind)
    r.run(
        r.old,
        "CREATE TABLE item (no INTEGER PRIMARY KEY, code VARCHAR(10))",
        "CREATE TABLE tag (code VARCHAR(10) PRIMARY KEY, label VARCHAR(10))",
        "INSERT INTO item VALUES (1, 'a'), (2, 'b')",
    )
    target(r)
    return r


def left_behind(r: Rig) -> list[str]:
    """All that is named after us in the old database."""
    queries = {
        "mysql": "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE() UNION ALL "
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name LIKE 'changeover%'",
        "postgresql": "SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal UNION ALL SELECT proname::text FROM pg_proc "
        "WHERE proname LIKE 'changeover%' UNION ALL SELECT relname::text FROM pg_class WHERE relname LIKE 'changeover%'",
        "sqlite": "SELECT name FROM sqlite_master WHERE name LIKE 'changeover%'",
    }
    with r.old.connect() as connection:
        return list(
            connection.exec_driver_sql(
                queries[r.old.dialect.name.replace("mariadb", "mysql")].replace("%", "%%")
            ).scalars()
        )


@every_kind
def test_a_dry_run_prints_what_would_be_run_and_touches_nothing(rig: Rigs, kind: str) -> None:
    r = items(rig, kind)
    project = r.project(JOINED)
    printed = install(project, dry_run=True)
    assert printed[0].startswith("CREATE TABLE IF NOT EXISTS")
    assert sum("TRIGGER" in one for one in printed) >= 2
    assert left_behind(r) == []
    with project.reading() as connection:
        assert ledger.captured(connection) == []
    r.run(r.old, *printed)
    assert noted(r, "INSERT INTO item VALUES (9, 'a')", "INSERT INTO tag VALUES ('t', 'x')") == ["9", "t"]


@every_kind
def test_installing_twice_does_nothing_more(rig: Rigs, kind: str) -> None:
    r = items(rig, kind)
    project = installed(r, JOINED)
    copy(project)
    assert install(r.project(JOINED)) == []
    with project.reading() as connection:
        assert {one.status for one in ranges_of(connection, "shop.item")} == {"done"}
        assert [(one.table, one.state) for one in ledger.captured(connection)] == [
            ("item", "installed"),
            ("tag", "installed"),
        ]


@every_kind
def test_ranges_that_were_copied_before_the_triggers_stood_are_walked_again(rig: Rigs, kind: str) -> None:
    r = items(rig, kind)
    project = r.project(MAPPING)
    copy(project)
    r.run(r.old, "DELETE FROM item WHERE no = 1")
    done = install(project)
    assert done == ["shop: table item is watched; 1 key ranges are to be walked again"]
    copy(project, only_pending=True)
    assert r.rows("thing", "id") == [(2,)]


@every_kind
def test_a_mapping_that_reads_one_more_table(rig: Rigs, kind: str) -> None:
    r = items(rig, kind)
    installed(r, MAPPING)
    project = r.project(JOINED)
    assert install(project) == ["shop: table tag is watched"]
    assert look(project, "shop") == []
    assert noted(r, "INSERT INTO tag VALUES ('t', 'x')") == ["t"]


@every_kind
def test_only_the_tables_that_were_asked_for(rig: Rigs, kind: str) -> None:
    r = items(rig, kind)
    target(r, "label", columns=("code VARCHAR(10) PRIMARY KEY",))
    label = Mapping("label", tag, {"code": tag.code, "a": tag.label}, ids=Computed())
    project = r.project(MAPPING, label)
    install(project, tables=["label"])
    with project.reading() as connection:
        assert [one.table for one in ledger.captured(connection)] == ["tag"]
    install(project)
    assert look(project, "shop") == []


@every_kind
def test_uninstalling_leaves_nothing(rig: Rigs, kind: str) -> None:
    r = items(rig, kind)
    project = installed(r, JOINED)
    assert left_behind(r)
    printed = uninstall(project, dry_run=True)
    assert printed[-1].startswith("DROP TABLE")
    assert left_behind(r)
    uninstall(project)
    assert left_behind(r) == []
    r.run(r.old, "INSERT INTO item VALUES (9, 'a')", "DELETE FROM item")
    with project.reading() as connection:
        assert ledger.captured(connection) == []
    assert uninstall(project) == []


@pytest.mark.parametrize(
    ("kind", "at"), [("mariadb", 1), ("mariadb", 4), ("postgres", 1), ("sqlite", 1), ("sqlite", 4)]
)
def test_what_was_cut_short_is_uninstalled_or_installed_to_its_end(
    rig: Rigs, kind: str, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = items(rig, kind)
    project = r.project(JOINED)
    real, count = statements.run, iter(range(100))

    def fails(*given: Any, **more: Any) -> None:
        if next(count) == at:
            raise KeyboardInterrupt
        real(*given, **more)

    monkeypatch.setattr("changeover.capture.install.run", fails)
    with pytest.raises(KeyboardInterrupt):
        install(project)
    monkeypatch.setattr("changeover.capture.install.run", real)
    with project.reading() as connection:
        assert "installing" in {one.state for one in ledger.captured(connection)}
    again = r.project(JOINED)
    install(again)
    assert look(again, "shop") == []
    assert noted(r, "INSERT INTO item VALUES (9, 'a')") == ["9"]
    monkeypatch.setattr("changeover.capture.install.run", fails)
    count = iter(range(100))
    with pytest.raises(KeyboardInterrupt):
        uninstall(again)
    r.run(r.old, "INSERT INTO item VALUES (10, 'a')")
    monkeypatch.setattr("changeover.capture.install.run", real)
    uninstall(again)
    assert left_behind(r) == []


# Accounts


@contextmanager
def application(r: Rig, kind: str, *grants: str, name: str = "app") -> Generator[sa.Engine]:
    """An account with these rights."""
    account = f"'{name}'@'%'" if kind == "mariadb" else name
    make = (
        f"CREATE OR REPLACE USER {account} IDENTIFIED BY 'pw'"
        if kind == "mariadb"
        else f"CREATE ROLE {name} LOGIN PASSWORD 'pw'"
    )
    r.run(
        r.old,
        *([f"DROP OWNED BY {name}", f"DROP ROLE {name}"] if kind == "postgres" and _role(r, name) else []),
    )
    r.run(r.old, make, *(f"GRANT {grant} TO {account}" for grant in grants))
    engine = sa.create_engine(r.old.url.set(username=name, password="pw"))
    try:
        yield engine
    finally:
        engine.dispose()


def _role(r: Rig, name: str) -> bool:
    with r.old.connect() as connection:
        return bool(connection.exec_driver_sql(f"SELECT 1 FROM pg_roles WHERE rolname = '{name}'").first())


@servers
def test_the_application_needs_no_rights_but_its_own(rig: Rigs, kind: str) -> None:
    r = items(rig, kind)
    installed(r, JOINED)
    clear(r)
    with application(r, kind, "SELECT, INSERT, UPDATE, DELETE ON item") as engine:
        with engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO item VALUES (5, 'x')")
            connection.exec_driver_sql("UPDATE item SET no = 6 WHERE no = 5")
            connection.exec_driver_sql("DELETE FROM item WHERE no = 6")
        with engine.connect() as connection, pytest.raises(DBAPIError):
            connection.exec_driver_sql("SELECT * FROM changeover_outbox")
    assert keys(r) == ["5", "6", "5", "6"]


STRANGE_SESSIONS = {
    "mariadb": [
        "SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,PIPES_AS_CONCAT,STRICT_ALL_TABLES'",
        *([] if ON_MYSQL else ["SET SESSION sql_mode = 'ORACLE'"]),
        "SET SESSION time_zone = '-07:00'",
        "SET NAMES latin1",
        "SET SESSION collation_connection = 'utf16_general_ci'",
        "SET SESSION tx_read_only = 0, SESSION tx_isolation = 'SERIALIZABLE'",
        "SET SESSION autocommit = 0",
        "SET SESSION div_precision_increment = 0, SESSION group_concat_max_len = 4",
    ],
    "postgres": [
        "SET TimeZone = 'America/St_Johns'",
        "SET DateStyle = 'SQL, DMY'",
        "SET IntervalStyle = 'iso_8601'",
        "SET extra_float_digits = -15",
        "SET bytea_output = 'escape'",
        "SET standard_conforming_strings = off",
        "SET search_path = nowhere",
        "SET session_replication_role = replica",
        "SET row_security = off",
        "SET quote_all_identifiers = on",
    ],
}


@servers
def test_what_is_written_depends_on_no_setting_of_the_applications_session(rig: Rigs, kind: str) -> None:
    r = rig(kind, shop=kind)
    table = 'order \\ "x"' if kind == "mariadb" else "주문 \\ x"
    name = f"`{table}`" if kind == "mariadb" else f'public."{table}"'
    plain = name if kind == "mariadb" else f'"{table}"'
    more = (
        "c CHAR(8), b VARBINARY(9), d DATETIME(3), f DOUBLE"
        if kind == "mariadb"
        else "c VARCHAR(8), b BYTEA, d TIMESTAMPTZ, f FLOAT8"
    )
    r.run(r.old, f"CREATE TABLE {plain} (c_no INTEGER, {more}, PRIMARY KEY (c, b, d, f))")
    order = old("shop", table)
    target(r, columns=("id VARCHAR(90) PRIMARY KEY",))
    mapping = Mapping("thing", order, {"id": sa.cast(order.c_no, sa.String(90))}, ids=Computed())
    project = installed(r, mapping)
    binary = "X'005C27'" if kind == "mariadb" else "decode('005C27', 'hex')"
    moment = "'2024-03-10 02:30:00.5'" if kind == "mariadb" else "TIMESTAMPTZ '2024-03-10 02:30:00.5+00'"
    expected: list[str] = []
    for number, setting in enumerate(STRANGE_SESSIONS[kind]):
        clear(r)
        # The text has a quote, a bar and a letter of Latin-1, given as numbers: the session may not read literals as we do.
        text = (
            "CONCAT(CHAR(39, 124, 126 USING utf8mb4), 'x')"
            if kind == "mariadb"
            else "chr(39) || chr(124) || chr(126) || 'x'"
        )
        with r.old.connect() as connection:
            connection.exec_driver_sql(setting)
            quoted = (
                name.replace('"', '""').replace("`", '"')
                if "ANSI" in setting or "ORACLE" in setting
                else name
            )
            values = f"{number}, {text}, {binary}, {moment}, 0.1 + {number}"
            connection.exec_driver_sql(f"INSERT INTO {quoted} VALUES ({values})")
            connection.commit()
            connection.invalidate()
        # A session that replays others' changes is seen twice: by its rows and by its statements.
        (written,) = set(keys(r))
        with project.old["shop"].engine.connect() as connection:
            key = project.move(mapping.root_name).key.encoded(order)
            expected = list(connection.execute(sa.select(key).where(order.c_no == number)).scalars())
        assert [written] == [str(one) for one in expected], setting


# What is refused


def refused(r: Rig, *mappings: Mapping, error: type[Exception] = CannotInstall) -> str:
    with pytest.raises(error) as caught:
        install(r.project(*mappings))
    assert left_behind(r) == [] or r.old.dialect.name == "sqlite"
    return str(caught.value)


def test_a_table_without_transactions_is_refused(rig: Rigs) -> None:
    r = items(rig, "mariadb")
    r.run(r.old, "ALTER TABLE item ENGINE=MyISAM")
    assert "ENGINE=InnoDB" in refused(r, MAPPING)


@every_kind
def test_a_view_is_refused(rig: Rigs, kind: str) -> None:
    r = items(rig, kind)
    r.run(r.old, "CREATE VIEW seen AS SELECT code, label FROM tag")
    seen = old("shop", "seen")
    text = refused(
        r, Mapping("thing", item, {"a": seen.label}, joins=(left_join(seen, seen.code == item.code),))
    )
    assert "table seen" in text


def test_keys_whose_text_depends_on_the_session_are_refused(rig: Rigs) -> None:
    r = rig("mariadb", shop="mariadb")
    r.run(r.old, "CREATE TABLE item (no TIMESTAMP PRIMARY KEY, code VARCHAR(10))")
    target(r, columns=("no DOUBLE PRIMARY KEY",))
    mapping = Mapping("thing", item, {"no": item.no}, ids=Computed())
    assert "time zone" in refused(r, mapping, error=Unwritable)


def test_keys_that_sqlite_cannot_write_alone_are_refused(rig: Rigs) -> None:
    r = rig("sqlite", shop="sqlite")
    r.run(r.old, "CREATE TABLE item (no DOUBLE PRIMARY KEY NOT NULL, code VARCHAR(10))")
    target(r, columns=("no DOUBLE PRIMARY KEY",))
    mapping = Mapping("thing", item, {"no": item.no}, ids=Computed())
    assert "SQLite itself" in refused(r, mapping, error=Unwritable)


def test_a_table_that_leads_to_no_root_is_refused(rig: Rigs) -> None:
    r = items(rig, "sqlite")
    mapping = Mapping("thing", item, {"a": tag.label}, joins=(left_join(tag, tag.code == "x"),))
    assert "can't be traced" in refused(r, mapping, error=Untraceable)


@pytest.mark.parametrize("kind", ["mariadb", "sqlite"])
def test_a_trigger_of_somebody_else_with_our_name_is_refused(rig: Rigs, kind: str) -> None:
    r = items(rig, kind)
    r.run(
        r.old,
        "CREATE TRIGGER changeover_au_item AFTER UPDATE ON item FOR EACH ROW BEGIN DELETE FROM tag WHERE code = 'z'; END",
    )
    with pytest.raises(CannotInstall, match="drop or rename"):
        install(r.project(MAPPING))


@every_kind
def test_a_table_of_the_outboxs_name_is_refused(rig: Rigs, kind: str) -> None:
    r = items(rig, kind)
    r.run(r.old, "CREATE TABLE changeover_outbox (a INTEGER)")
    with pytest.raises(CannotInstall, match="no outbox of Changeover"):
        install(r.project(MAPPING))


@servers
def test_rights_that_lack_are_named_with_their_grants(rig: Rigs, kind: str) -> None:
    r = items(rig, kind)
    with application(r, kind, "SELECT ON item", name="weak"):
        r.old_urls["shop"] = r.old_urls["shop"].set(username="weak", password="pw")
        if kind == "postgres":
            r.run(r.old, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        with pytest.raises(CannotInstall) as caught:
            install(r.project(MAPPING))
    told = str(caught.value)
    if kind == "postgres":
        assert "GRANT CREATE ON SCHEMA" in told
        assert "only its owner" in told
    else:
        assert "GRANT TRIGGER ON" in told
        assert "GRANT SELECT, INSERT, DELETE, CREATE, DROP ON" in told


def test_tables_that_inherit_are_refused(rig: Rigs) -> None:
    r = items(rig, "postgres")
    r.run(r.old, "CREATE TABLE more () INHERITS (item)")
    assert "inherit" in refused(r, MAPPING)


def test_a_unique_index_over_an_expression_is_refused_on_sqlite(rig: Rigs) -> None:
    r = items(rig, "sqlite")
    r.run(r.old, "CREATE UNIQUE INDEX folded ON item (lower(code))")
    assert "expression" in refused(r, MAPPING)


def test_a_join_by_a_collation_that_only_one_side_has_is_refused_on_sqlite(rig: Rigs) -> None:
    r = items(rig, "sqlite")
    r.run(r.old, "CREATE TABLE fold (n DECIMAL(5,2), code VARCHAR(10) NOT NULL COLLATE NOCASE, label TEXT)")
    fold = old("shop", "fold")

    def mapping(on: sa.ColumnElement[bool]) -> Mapping:
        return Mapping("thing", item, {"a": fold.label}, joins=(left_join(fold, on),))

    assert "collate('…')" in refused(r, mapping(fold.code == item.code))
    installed(r, mapping(fold.code == item.code.collate("NOCASE")))


@every_kind
def test_what_no_mapping_needs_any_more_is_dropped(rig: Rigs, kind: str) -> None:
    r = items(rig, kind)
    installed(r, JOINED)
    r.run(r.old, "INSERT INTO tag VALUES ('t', 'x')", "INSERT INTO item VALUES (9, 'a')")
    project = r.project(MAPPING)
    done = install(project)
    assert any("which no mapping needs" in line for line in done)
    assert look(project, "shop") == []
    assert entries(r) == [("item", "9")]
    with project.reading() as connection:
        assert [one.table for one in ledger.captured(connection)] == ["item"]


# Locks


@servers
def test_a_table_in_use_is_waited_for_and_nobody_queues_behind_us(
    rig: Rigs, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = items(rig, kind)
    project = r.project(MAPPING)
    said: list[str] = []
    patience: list[str] = []
    gave_way = threading.Semaphore(0)
    dialect = type(project.old["shop"].dialect)
    limit = "SHOW lock_timeout" if kind == "postgres" else "SELECT @@lock_wait_timeout"

    def told(_: object, connection: sa.Connection) -> None:
        patience.append(str(connection.exec_driver_sql(limit).scalar_one()))

    after(monkeypatch, dialect, "wait_briefly", told)
    after(monkeypatch, dialect, "blockers", lambda *_: gave_way.release())
    with r.old.connect() as application:
        application.exec_driver_sql("UPDATE item SET code = 'held' WHERE no = 1")
        installing = Background(lambda: install(project, on_step=said.append))
        for _ in range(3):
            assert gave_way.acquire(timeout=SECONDS)
            with r.old.connect().execution_options(isolation_level="AUTOCOMMIT") as visitor:
                visitor.exec_driver_sql("UPDATE item SET code = 'v' WHERE no = 2")
        assert not installing.ends_within(0)
        application.commit()
    installing.result()
    assert any(
        "is in use, waiting" in line and ("connection" in line or "process" in line) for line in said
    ), said
    assert said[-1] == "shop: table item is watched"
    assert set(patience) == {"1s" if kind == "postgres" else "1"}, "a visitor waits no longer than we do"
    assert noted(r, "DELETE FROM item WHERE no = 1") == ["1"]


@servers
def test_a_table_that_is_never_free_is_reported_with_who_holds_it(
    rig: Rigs, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = items(rig, kind)
    monkeypatch.setattr(statements, "PATIENCE", 1.0)
    with r.old.connect() as application:
        application.exec_driver_sql("UPDATE item SET code = 'held' WHERE no = 1")
        with pytest.raises(TableBusy, match=r"table item is in use \((connection|process) \d+"):
            install(r.project(MAPPING))
    uninstall(r.project(MAPPING))
    assert left_behind(r) == []


@every_kind
def test_tables_in_another_schema(rig: Rigs, kind: str, database: Callable[..., str]) -> None:
    if kind == "sqlite":
        pytest.skip("a file has one schema")
    r = rig(kind, shop=kind)
    schema = sa.make_url(database("mariadb", "beside")).database if kind == "mariadb" else "beside"
    r.run(
        r.old,
        *([f"CREATE SCHEMA {schema}"] if kind == "postgres" else []),
        f"CREATE TABLE {schema}.item (no INTEGER PRIMARY KEY, code VARCHAR(10))",
        "CREATE TABLE item (no INTEGER PRIMARY KEY, code VARCHAR(10))",
    )
    target(r)
    target(r, "other")
    there = old("shop", "item", schema=schema)
    project = installed(r, MAPPING, Mapping("other", there, {"a": there.code}))
    assert look(project, "shop") == []
    clear(r)
    r.run(r.old, f"INSERT INTO {schema}.item VALUES (1, 'a')", "INSERT INTO item VALUES (2, 'a')")
    assert entries(r) == [(f"{schema}.item", "1"), ("item", "2")]
    uninstall(project)
    assert left_behind(r) == []
    r.run(r.old, f"DELETE FROM {schema}.item")


@mariadb_only("its prepared transactions keep their locks")
def test_a_prepared_transaction_without_its_lock_is_waited_for(rig: Rigs) -> None:
    r = items(rig, "mariadb")
    decided = threading.Event()
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if "prepared" in line:
            assert left_behind(r), "it is asked after the triggers stand, else one could come in between"
            with r.old.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("XA COMMIT 'it''s'")
            decided.set()

    with r.old.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for one in (
            "XA START 'it''s'",
            "UPDATE item SET code = 'xa' WHERE no = 1",
            "XA END 'it''s'",
            "XA PREPARE 'it''s'",
        ):
            connection.exec_driver_sql(one)
        connection.invalidate()
    project = r.project(MAPPING)
    install(project, on_step=say)
    assert decided.is_set(), said
    copy(project)
    assert r.rows("thing", "a") == [("b",), ("xa",)]


@pytest.mark.skipif(not ON_MYSQL, reason="MariaDB lets go of the lock")
def test_a_prepared_transaction_that_keeps_the_table_is_named(
    rig: Rigs, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = items(rig, "mariadb")
    monkeypatch.setattr(statements, "PATIENCE", 1.0)
    with r.old.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for one in ("XA START 'x'", "DELETE FROM item WHERE no = 1", "XA END 'x'", "XA PREPARE 'x'"):
            connection.exec_driver_sql(one)
        connection.invalidate()
    try:
        with pytest.raises(TableBusy, match=r"in use \(prepared transaction 0x78,"):
            install(r.project(MAPPING))
    finally:
        with r.old.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("XA ROLLBACK 'x'")
    install(r.project(MAPPING))


@mariadb_only("its prepared transactions keep their locks")
def test_a_prepared_transaction_that_nobody_decides_is_named(
    rig: Rigs, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = items(rig, "mariadb")
    monkeypatch.setattr(statements, "PATIENCE", 1.0)
    with r.old.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for one in ("XA START 'x'", "DELETE FROM item WHERE no = 1", "XA END 'x'", "XA PREPARE 'x'"):
            connection.exec_driver_sql(one)
        connection.invalidate()
    project = r.project(MAPPING)
    try:
        with pytest.raises(TableBusy, match=r"prepared transactions \('x'"):
            install(project)
        with project.reading() as reading:
            assert [one.state for one in ledger.captured(reading, "shop")] == ["installing"]
    finally:
        with r.old.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("XA ROLLBACK 'x'")
    install(project)
    assert look(project, "shop") == []
