"""Direct mode: the new tables are right within the old application's transaction, which never notices."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from changeover.capture.install import install
from changeover.mapping import Offset, narrow, old, utc
from tests.capture.direct_scene import Sites, direct, item, items, things, unequal
from tests.capture.scene import entries
from tests.mysql_kind import mariadb_only
from tests.races.gate import Background, Gate, after
from tests.transfer.rig import copy

pytestmark = mariadb_only("direct mode is MariaDB's and PostgreSQL's")
servers = pytest.mark.parametrize("kind", ["mariadb", "postgres"])


@servers
def test_a_change_is_there_when_its_transaction_is(site: Sites, kind: str) -> None:
    r = items(site, kind)
    project = r.direct(things(r))
    assert unequal(project) == []
    r.each(
        "INSERT INTO item VALUES (3, 'c', '0', 2, '2021-02-28'), (4, NULL, NULL, NULL, NULL)",
        "UPDATE item SET code = 'bb', owner = 2 WHERE no = 2",
        "UPDATE item SET no = 9 WHERE no = 1",
        "INSERT INTO item VALUES (5, 'e', '0', 1, NULL)",
        "DELETE FROM item WHERE no = 5",
    )
    assert [row[0] for row in r.new_rows("thing", "id")] == [2, 3, 4, 9]
    assert unequal(project) == []


@servers
def test_what_is_rolled_back_is_not_there(site: Sites, kind: str) -> None:
    r = items(site, kind)
    project = r.direct(things(r))
    before = r.new_rows("thing")
    with r.old.connect() as connection:
        for statement in ("INSERT INTO item VALUES (3, 'c', '0', 2, NULL)", "DELETE FROM item WHERE no < 3"):
            connection.exec_driver_sql(statement)
        connection.rollback()
    assert r.new_rows("thing") == before
    assert unequal(project) == []


@servers
def test_an_entry_is_written_as_well(site: Sites, kind: str) -> None:
    r = items(site, kind)
    r.direct(things(r))
    r.each("INSERT INTO item VALUES (3, 'c', '0', 2, NULL)", "UPDATE item SET no = 4 WHERE no = 3")
    assert sorted(key for _, key in entries(r)) == ["3", "3", "4"]


@servers
def test_what_a_copier_read_before_and_writes_after_is_made_good_by_the_entry(
    site: Sites, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = items(site, kind)
    project = r.direct(things(r))
    gate = Gate()
    with monkeypatch.context() as patch:
        after(patch, type(project.old["shop"].dialect), "read", lambda *_: gate())
        copier = Background(lambda: copy(project))
        gate.wait()
        r.each("UPDATE item SET code = 'newer' WHERE no = 1", "DELETE FROM item WHERE no = 2")
        fresh = r.new_rows("thing", "id, a")
        gate.open()
        copier.result()
    assert fresh == [(1, "newer")]
    assert r.new_rows("thing", "id, a") == [(1, "a"), (2, "b")]
    r.sync(project)
    assert r.new_rows("thing", "id, a") == [(1, "newer")]
    assert unequal(project) == []


# What goes wrong is the outbox's business

WRONG = {
    "too long": "INSERT INTO item VALUES (3, 'too long!', '0', 1, NULL)",
    "too long by an update": "UPDATE item SET code = 'too long!' WHERE no = 1",
    "a value that is not mapped": "INSERT INTO item VALUES (3, 'c', 'x', 1, NULL)",
    "no such parent": "INSERT INTO item VALUES (3, 'c', '0', 99, NULL)",
    "a check": "INSERT INTO item VALUES (3, 'bad', '0', 1, NULL)",
}


@servers
@pytest.mark.parametrize("what", WRONG)
def test_a_row_that_does_not_fit_is_left_to_the_outbox(site: Sites, kind: str, what: str) -> None:
    r = items(site, kind)
    project = r.direct(things(r))
    before = r.new_rows("thing")
    with r.old.connect() as connection:
        connection.exec_driver_sql("INSERT INTO item VALUES (7, 'g', '0', 1, NULL)")
        connection.exec_driver_sql(WRONG[what])
        if kind == "mariadb":
            assert connection.exec_driver_sql("SHOW WARNINGS").all() == []
        connection.commit()
    assert [row for row in r.new_rows("thing") if row[0] != 7] == before
    r.sync(project)
    assert list(r.reject_keys()) == ["1" if "update" in what else "3"]
    assert 7 in [row[0] for row in r.new_rows("thing")]


@servers
@pytest.mark.parametrize(
    "change",
    [
        "DROP TABLE {thing}",
        "ALTER TABLE {thing} DROP COLUMN state",
        "ALTER TABLE {thing} RENAME COLUMN state TO status",
        "DROP TABLE {owner}{cascade}",
    ],
)
def test_a_new_table_that_was_altered_fails_no_statement(site: Sites, kind: str, change: str) -> None:
    r = items(site, kind)
    r.direct(things(r))
    words = {
        "thing": r.named("thing"),
        "owner": r.named("owner"),
        "cascade": " CASCADE" if kind == "postgres" else "",
    }
    with r.new.begin() as connection:
        if kind == "mariadb":
            connection.exec_driver_sql("SET foreign_key_checks = 0")
        connection.exec_driver_sql(change.format(**words))
    r.each(
        "INSERT INTO item VALUES (3, 'c', '0', 1, NULL)",
        "UPDATE item SET code = 'd' WHERE no = 3",
        "UPDATE item SET no = 4 WHERE no = 3",
        "DELETE FROM item WHERE no = 4",
    )
    assert sorted(key for _, key in entries(r)) == ["3", "3", "3", "4", "4"]


# Locks

HELD = {
    "the row that is changed": (
        "UPDATE {thing} SET a = 'zz' WHERE id = 2",
        "UPDATE item SET code = 'c' WHERE no = 2",
    ),
    "the row that is deleted": ("UPDATE {thing} SET a = 'zz' WHERE id = 2", "DELETE FROM item WHERE no = 2"),
    "the row of a changed key": (
        "UPDATE {thing} SET a = 'zz' WHERE id = 2",
        "UPDATE item SET no = 5 WHERE no = 2",
    ),
    "a row that is not committed": (
        "INSERT INTO {thing} (id, a) VALUES (6, 'zz')",
        "UPDATE item SET code = 'c' WHERE no = 6",
    ),
    "a parent": ("DELETE FROM {owner} WHERE id = 2", "INSERT INTO item VALUES (3, 'c', '0', 2, NULL)"),
    "a parent that is not committed": (
        "INSERT INTO {owner} VALUES (8, 'z')",
        "INSERT INTO item VALUES (3, 'c', '0', 8, NULL)",
    ),
}


@servers
@pytest.mark.parametrize("what", HELD)
def test_who_holds_locks_on_the_new_side_keeps_nobody_waiting(site: Sites, kind: str, what: str) -> None:
    r = items(site, kind)
    project = r.direct(things(r))
    r.run(r.old, "INSERT INTO item VALUES (6, 'f', '0', NULL, NULL)")
    r.run(r.new, f"DELETE FROM {r.named('thing')} WHERE id = 6")
    held, changed = HELD[what]
    words = {"thing": r.named("thing"), "owner": r.named("owner")}
    with r.held(held.format(**words)) as connection, r.old.connect() as application:
        if kind == "mariadb":
            application.exec_driver_sql("SET SESSION innodb_lock_wait_timeout = 1")
        application.exec_driver_sql(changed)
        application.commit()
        # It is still there: the application did not wait for its end.
        assert connection.exec_driver_sql(f"SELECT 1 FROM {r.named('thing')} LIMIT 1").first()
    r.sync(project)
    assert unequal(project) == [] or "not committed" in what
    assert [key for _, key in entries(r)] == []


# Sessions

STRANGE = {
    "mariadb": [
        "SET SESSION sql_mode = ''",
        "SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,PIPES_AS_CONCAT'",
        "SET SESSION sql_mode = 'ORACLE'",
        "SET SESSION time_zone = '-07:00'",
        "SET NAMES latin1",
        "SET SESSION div_precision_increment = 0, SESSION group_concat_max_len = 4, SESSION max_error_count = 0",
        "SET SESSION tx_isolation = 'READ-UNCOMMITTED'",
    ],
    "postgres": [
        "SET TimeZone = 'America/St_Johns'",
        "SET DateStyle = 'SQL, DMY'",
        "SET search_path = public, fresh",
        "SET standard_conforming_strings = off",
        "SET quote_all_identifiers = on",
        "SET default_transaction_isolation = 'repeatable read'",
        "SET lock_timeout = 0",
    ],
}


@pytest.mark.parametrize(
    ("kind", "setting"), [(kind, one) for kind, several in STRANGE.items() for one in several]
)
def test_what_is_written_depends_on_no_setting_of_the_session(site: Sites, kind: str, setting: str) -> None:
    r = items(site, kind)
    text = item.code.concat("\\'")
    project = r.direct(things(r, extra={"note": sa.case((item.st == "0\\", None), else_=text)}))
    with r.old.connect() as connection:
        connection.exec_driver_sql(setting)
        place = "public.item" if kind == "postgres" else "item"
        connection.exec_driver_sql(f"INSERT INTO {place} VALUES (3, 'c', '0', 2, DATE '2021-02-03')")
        connection.commit()
    assert 3 in [row[0] for row in r.new_rows("thing", "id")]
    assert unequal(project) == []


@pytest.mark.parametrize(
    ("kind", "setting"),
    [
        ("mariadb", "SET SESSION foreign_key_checks = 0"),
        ("mariadb", "SET SESSION unique_checks = 0"),
        ("mariadb", "SET SESSION check_constraint_checks = 0"),
        ("mariadb", "SET SESSION tx_isolation = 'SERIALIZABLE'"),
        ("postgres", "SET session_replication_role = replica"),
        ("postgres", "SET default_transaction_isolation = 'serializable'"),
    ],
)
def test_a_session_that_checks_less_leaves_its_rows_to_the_outbox(
    site: Sites, kind: str, setting: str
) -> None:
    r = items(site, kind)
    project = r.direct(things(r))
    with r.old.connect() as connection:
        connection.exec_driver_sql(setting)
        connection.commit()
        connection.exec_driver_sql("INSERT INTO item VALUES (3, 'c', '0', 99, NULL), (4, 'd', '0', 1, NULL)")
        connection.commit()
    assert [row[0] for row in r.new_rows("thing", "id")] == [1, 2]
    r.sync(project)
    assert [row[0] for row in r.new_rows("thing", "id")] == [1, 2, 4]
    assert list(r.reject_keys()) == ["3"]


# Mappings


@servers
def test_a_session_that_keeps_a_snapshot_fails_on_no_row_that_changed_since(site: Sites, kind: str) -> None:
    r = items(site, kind)
    project = r.direct(things(r))
    with r.old.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        connection.exec_driver_sql("SELECT * FROM item")
        r.run(r.new, f"UPDATE {r.named('thing')} SET note = 'new' WHERE id = 1")
        for statement in (
            "UPDATE item SET code = 'z' WHERE no = 1",
            "UPDATE item SET code = 'y' WHERE no = 2",
        ):
            connection.exec_driver_sql(statement)
        connection.commit()
    assert r.new_rows("thing", "id, a")[1] == (2, "y")
    r.sync(project)
    assert r.new_rows("thing", "id, a, note") == [(1, "z", "new"), (2, "y", None)]
    assert unequal(project) == []


def test_a_root_in_partitions(site: Sites) -> None:
    r = items(site, "postgres")
    columns = "no INTEGER PRIMARY KEY, code VARCHAR(10), st CHAR(1), owner INTEGER, at DATE"
    r.run(
        r.old,
        "DROP TABLE item",
        f"CREATE TABLE item ({columns}) PARTITION BY RANGE (no)",
        "CREATE TABLE low PARTITION OF item FOR VALUES FROM (0) TO (100)",
        "CREATE TABLE high PARTITION OF item FOR VALUES FROM (100) TO (200)",
    )
    project = r.direct(things(r))
    r.each(
        "INSERT INTO item VALUES (3, 'c', '0', 1, NULL), (103, 'd', '0', 1, NULL)",
        "INSERT INTO low VALUES (4, 'e', '0', 1, NULL)",
        "UPDATE item SET no = 104 WHERE no = 4",
        "DELETE FROM high WHERE no = 103",
    )
    assert r.new_rows("thing", "id, a") == [(104, "e"), (3, "c")]
    assert unequal(project) == []


@servers
def test_a_row_that_leaves_the_filter_goes_and_one_that_enters_it_comes(site: Sites, kind: str) -> None:
    r = items(site, kind)
    project = r.direct(things(r, where=item.st == "0"))
    assert [row[0] for row in r.new_rows("thing", "id")] == [1]
    r.each(
        "UPDATE item SET st = '0' WHERE no = 2",
        "UPDATE item SET st = '1' WHERE no = 1",
        "INSERT INTO item VALUES (3, 'c', NULL, 1, NULL), (4, 'd', '0', 1, NULL)",
    )
    assert [row[0] for row in r.new_rows("thing", "id")] == [2, 4]
    r.each("UPDATE item SET st = NULL WHERE no = 4", "UPDATE item SET st = '1', no = 8 WHERE no = 2")
    assert r.new_rows("thing", "id") == []
    assert unequal(project) == []


@servers
def test_one_root_makes_several_targets(site: Sites, kind: str) -> None:
    r = items(site, kind)
    thing = r.named("thing")
    r.run(
        r.new,
        f"CREATE TABLE {r.named('detail')} (thing_id BIGINT PRIMARY KEY, state VARCHAR(10), "
        f"FOREIGN KEY (thing_id) REFERENCES {thing} (id))",
    )
    detail = direct(r, "detail", item, {"state": item.st}, where=item.st.is_not(None))
    project = r.direct(things(r), detail)
    r.each("INSERT INTO item VALUES (3, 'c', '0', 2, NULL)", "UPDATE item SET st = NULL WHERE no = 1")
    assert [row[0] for row in r.new_rows("detail", "thing_id")] == [2, 3]
    assert unequal(project) == []
    r.each("DELETE FROM item WHERE no = 2")
    assert [row[0] for row in r.new_rows("detail", "thing_id")] == [3]
    r.sync(project)
    assert unequal(project) == []


@servers
def test_keys_of_several_texts_with_odd_names(site: Sites, kind: str) -> None:
    r = site(kind)
    q = r.old.dialect.identifier_preparer.quote
    table, one, two, value = (q(name) for name in ('Odd `"table', "key 1", 's."c0"', "sel'ect"))
    collations = ("COLLATE utf8mb4_polish_ci", "COLLATE utf8mb4_swedish_ci")
    if kind == "postgres":
        collations = ('COLLATE "POSIX"', 'COLLATE "C"')
    r.run(
        r.old,
        f"CREATE TABLE {table} ({one} VARCHAR(20) {collations[0]}, {two} VARCHAR(20), {value} VARCHAR(30), "
        f"PRIMARY KEY ({one}, {two}))",
        f"INSERT INTO {table} VALUES ('a', 'x', 'one'), ('a|', '~', NULL)",
    )
    target = q("New table")
    named = f"fresh.{target}" if kind == "postgres" else target
    r.run(
        r.new,
        f"CREATE TABLE {named} ({one} VARCHAR(20) {collations[1]}, b VARCHAR(20), {value} VARCHAR(30), PRIMARY KEY ({one}, b))",
    )
    odd = old("shop", 'Odd `"table')
    mapping = direct(r, "New table", odd, {"sel'ect": odd["sel'ect"]})
    project = r.direct(mapping)
    r.each(
        f"INSERT INTO {table} VALUES ('b', '|', 'two'), ('Ö', 'ß', 'three')",
        f"UPDATE {table} SET {value} = 'four' WHERE {one} = 'a'",
        f"UPDATE {table} SET {one} = 'b', {two} = '\\' WHERE {one} = 'Ö'".replace(
            "\\", "\\\\" if kind == "mariadb" else "\\"
        ),
        f"DELETE FROM {table} WHERE {two} = '~'",
    )
    with r.new.connect() as connection:
        rows = sorted(map(tuple, connection.exec_driver_sql(f"SELECT * FROM {named}").all()))
    assert rows == [("a", "x", "four"), ("b", "\\", "three"), ("b", "|", "two")]
    # The id map, which remembers keys that are no numbers, learns of it with the entries.
    r.sync(project)
    assert unequal(project) == []
    r.each(f"DELETE FROM {table}")
    r.sync(project)
    assert unequal(project) == []


@servers
def test_shifted_ids(site: Sites, kind: str) -> None:
    r = items(site, kind)
    project = r.direct(things(r, ids=Offset(1_000)))
    r.each(
        "INSERT INTO item VALUES (3, 'c', '0', 2, NULL)",
        "UPDATE item SET no = -4 WHERE no = 2",
        "UPDATE item SET code = 'x' WHERE no = 1",
    )
    assert r.new_rows("thing", "id, a") == [(1001, "x"), (1003, "c"), (996, "b")]
    assert unequal(project) == []


KINDS_OF_VALUES = {
    "mariadb": {
        "i": ("INT UNSIGNED", "BIGINT", ["0", "4294967295"]),
        "t": ("VARCHAR(20) CHARACTER SET latin1", "TEXT", ["'äöü'", "''", "' x '"]),
        "c": ("CHAR(5)", "VARCHAR(5)", ["'a '", "'ß'"]),
        "d": ("DECIMAL(12, 4)", "DECIMAL(10, 2)", ["-1.5000", "12345678.12"]),
        "f": ("DOUBLE", "DOUBLE", ["0.1", "-1e300"]),
        "n": ("VARCHAR(20)", "INT", ["'17'", "'-3'"]),
        "m": ("DATETIME(6)", "DATETIME(6)", ["'2020-02-29 23:59:59.123456'", "'1999-01-01'"]),
        "b": ("VARBINARY(10)", "BLOB", ["X'00FF27'", "''"]),
        "e": ("ENUM('x', 'y')", "VARCHAR(5)", ["'x'", "'y'"]),
        "j": ("JSON", "JSON", ["'{\"a\": [1, null]}'"]),
        "y": ("TINYINT(1)", "TINYINT(1)", ["0", "1"]),
        "z": ("TIME(3)", "TIME(3)", ["'-12:00:00.125'"]),
    },
    "postgres": {
        "i": ("INTEGER", "BIGINT", ["0", "-2147483648"]),
        "t": ("VARCHAR(20)", "TEXT", ["'äöü'", "''", "' x '"]),
        "c": ("CHAR(5)", "VARCHAR(5)", ["'a '", "'ß'"]),
        "d": ("NUMERIC(12, 4)", "NUMERIC(10, 2)", ["-1.5000", "12345678.12"]),
        "f": ("DOUBLE PRECISION", "DOUBLE PRECISION", ["0.1", "'NaN'"]),
        "n": ("VARCHAR(20)", "INTEGER", ["'17'", "'-3'"]),
        "m": ("TIMESTAMPTZ", "TIMESTAMPTZ", ["'2020-02-29 23:59:59.123456+01'", "'infinity'"]),
        "b": ("BYTEA", "BYTEA", ["'\\\\x00ff27'", "''"]),
        "j": ("JSONB", "JSONB", ["'{\"a\": [1, null]}'"]),
        "y": ("BOOLEAN", "BOOLEAN", ["true", "false"]),
        "z": ("INTERVAL", "INTERVAL", ["'1 mon -2 days 00:00:01.5'"]),
        "u": ("UUID", "UUID", ["'00000000-0000-0000-0000-0000000000ab'"]),
        "a": ("INTEGER[]", "INTEGER[]", ["'{1,NULL,3}'"]),
    },
}


@servers
def test_values_of_all_kinds_are_what_a_copier_makes_of_them(site: Sites, kind: str) -> None:
    r, kinds = site(kind), KINDS_OF_VALUES[kind]
    clock, instant = ("DATETIME(6)", "DATETIME(6)") if kind == "mariadb" else ("TIMESTAMP", "TIMESTAMPTZ")
    before, after_ = (", ".join(f"{name} {types[side]}" for name, types in kinds.items()) for side in (0, 1))
    r.run(r.old, f"CREATE TABLE ware (no INTEGER PRIMARY KEY, w {clock}, {before})")
    r.run(r.new, f"CREATE TABLE {r.named('goods')} (id BIGINT PRIMARY KEY, w {instant}, {after_})")
    ware = old("shop", "ware")
    columns = {name: narrow(ware[name]) for name in kinds} | {"w": utc(ware.w, "+09:00")}
    mapping = direct(r, "goods", ware, columns)
    # What the session may have made must not run with the rights of the triggers.
    assert "pg_temp." not in "".join(install(r.project(mapping), dry_run=True))
    project = r.direct(mapping)
    r.each(
        "INSERT INTO ware (no) VALUES (1)",
        *(
            f"INSERT INTO ware (no, {name}) VALUES ({100 * n + m}, {value})"
            for n, (name, (_, _, values)) in enumerate(kinds.items(), 1)
            for m, value in enumerate(values)
        ),
        "INSERT INTO ware (no, w) VALUES (2, '2021-03-04 05:06:07.5')",
        "UPDATE ware SET w = '1970-01-01 00:00:00' WHERE no = 100",
    )
    assert len(r.new_rows("goods", "id")) == len(r.rows_of(r.old, "ware", "no"))
    assert unequal(project) == []
    r.each("INSERT INTO ware (no, d) VALUES (9, 1.2345)", "INSERT INTO ware (no, n) VALUES (8, 'x')")
    assert not {8, 9} & {row[0] for row in r.new_rows("goods", "id")}
