"""Every kind of statement leaves the keys of the rows that it changed, in its own transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from changeover.dialects import of
from changeover.mapping import Computed, Mapping, left_join, old
from tests.capture.scene import clear, entries, installed, keys, noted, target
from tests.transfer.rig import KINDS, Rig

every_kind = pytest.mark.parametrize("kind", KINDS)
Rigs = Callable[..., Rig]
item = old("shop", "item")


def items(
    rig: Rigs, kind: str, definition: str = "no INTEGER PRIMARY KEY, code VARCHAR(10) UNIQUE, n INTEGER"
) -> Rig:
    r = rig(kind, shop=kind)
    r.run(r.old, f"CREATE TABLE item ({definition})")
    target(r)
    installed(r, Mapping("thing", item, {"a": item.code}))
    return r


@every_kind
def test_rows_that_are_inserted_updated_and_deleted(rig: Rigs, kind: str) -> None:
    r = items(rig, kind)
    assert noted(r, "INSERT INTO item VALUES (1, 'a', 1), (2, 'b', 1), (3, 'c', 1)") == ["1", "2", "3"]
    assert noted(r, "INSERT INTO item SELECT no + 10, NULL, n FROM item") == ["11", "12", "13"]
    assert noted(r, "UPDATE item SET n = 2 WHERE no < 3") == ["1", "2"]
    assert noted(r, "DELETE FROM item WHERE no > 10") == ["11", "12", "13"]
    assert noted(r, "UPDATE item SET n = 2 WHERE no = 99") == []


@every_kind
def test_a_changed_key_leaves_both_keys(rig: Rigs, kind: str) -> None:
    r = items(rig, kind)
    r.run(r.old, "INSERT INTO item VALUES (1, 'a', 1), (2, 'b', 1)")
    assert noted(r, "UPDATE item SET no = 9 WHERE no = 1") == ["1", "9"]


@every_kind
def test_a_transaction_that_is_rolled_back_leaves_nothing(rig: Rigs, kind: str) -> None:
    r = items(rig, kind)
    with r.old.connect() as connection:
        connection.exec_driver_sql("INSERT INTO item VALUES (1, 'a', 1)")
        connection.exec_driver_sql("UPDATE item SET n = 5")
        connection.rollback()
    assert entries(r) == []


@every_kind
def test_upserts(rig: Rigs, kind: str) -> None:
    r = items(rig, kind)
    r.run(r.old, "INSERT INTO item VALUES (1, 'a', 1), (2, 'b', 1)")
    if kind == "mariadb":
        upsert = "INSERT INTO item VALUES (1, 'a', 7), (5, 'e', 7) ON DUPLICATE KEY UPDATE n = 7"
        assert noted(r, upsert) == ["1", "5"]
        assert noted(r, "INSERT IGNORE INTO item VALUES (1, 'x', 7), (6, 'f', 7)") == ["6"]
        return
    upsert = "INSERT INTO item VALUES (1, 'z', 7), (5, 'e', 7) ON CONFLICT (no) DO UPDATE SET n = 7"
    assert noted(r, upsert) == ["1", "5"]
    ignore = noted(r, "INSERT INTO item VALUES (1, 'x', 7), (6, 'f', 7) ON CONFLICT DO NOTHING")
    assert "6" in ignore
    assert set(ignore) <= {"1", "6"}


@pytest.mark.parametrize("kind", ["mariadb", "sqlite"])
def test_replace_leaves_the_keys_of_all_rows_that_it_deletes(rig: Rigs, kind: str) -> None:
    r = items(rig, kind)
    r.run(r.old, "INSERT INTO item VALUES (1, 'a', 1), (2, 'b', 1), (3, 'c', 1)")
    assert set(noted(r, "REPLACE INTO item VALUES (1, 'b', 9)")) == {"1", "2"}  # 2 has the code, and is gone
    assert r.rows_of(r.old, "item", "no") == [(1,), (3,)]
    assert set(noted(r, "REPLACE INTO item VALUES (7, 'b', 9)")) == {"1", "7"}


@pytest.mark.parametrize("recursive", [False, True])
def test_update_or_replace_leaves_the_keys_of_all_rows_that_it_deletes(rig: Rigs, recursive: bool) -> None:
    r = items(rig, "sqlite")
    r.run(r.old, "INSERT INTO item VALUES (1, 'a', 1), (2, 'b', 1), (3, 'c', 1)")
    clear(r)
    with r.old.begin() as connection:
        connection.exec_driver_sql(f"PRAGMA recursive_triggers = {int(recursive)}")
        connection.exec_driver_sql("UPDATE OR REPLACE item SET code = 'b' WHERE no = 3")
        connection.exec_driver_sql("UPDATE OR REPLACE item SET no = 1 WHERE no = 3")
    assert r.rows_of(r.old, "item", "no") == [(1,)]
    assert set(keys(r)) == {"1", "2", "3"}


def test_replace_is_noticed_through_indexes_of_other_collations_and_parts(rig: Rigs) -> None:
    r = rig("sqlite")
    r.run(
        r.old,
        "CREATE TABLE item (code VARCHAR(10) PRIMARY KEY COLLATE NOCASE, n INTEGER, m TEXT)",
        "CREATE UNIQUE INDEX partly ON item (n) WHERE n > 0",
        "CREATE UNIQUE INDEX folded ON item (m COLLATE NOCASE)",
    )
    target(r, columns=("code VARCHAR(10) PRIMARY KEY",))
    installed(r, Mapping("thing", item, {"code": item.code, "a": item.n}, ids=Computed()))
    r.run(r.old, "INSERT INTO item VALUES ('a', 1, 'x'), ('b', 2, 'y'), ('c', 0, 'z')")
    assert set(noted(r, "INSERT OR REPLACE INTO item VALUES ('A', 2, 'Z')")) == {"a", "A", "b", "c"}
    assert r.rows_of(r.old, "item", "code") == [("A",)]


def test_a_table_without_rowid_and_one_whose_rowids_are_used_again(rig: Rigs) -> None:
    r = rig("sqlite")
    r.run(
        r.old,
        "CREATE TABLE item (code VARCHAR(10), n INTEGER, PRIMARY KEY (code, n)) WITHOUT ROWID",
        "CREATE TABLE line (no INTEGER PRIMARY KEY, a TEXT)",
    )
    target(r, columns=("code VARCHAR(10)", "n INTEGER", "PRIMARY KEY (code, n)"))
    target(r, "row")
    line = old("shop", "line")
    installed(
        r,
        Mapping("thing", item, {"code": item.code, "n": item.n}, ids=Computed()),
        Mapping("row", line, {"a": line.a}),
    )
    assert noted(r, "INSERT INTO item VALUES ('a|b', 1)", "UPDATE item SET n = 2") == [
        "a~!b|1",
        "a~!b|1",
        "a~!b|2",
    ]
    last = ["INSERT INTO line (a) VALUES ('x')", "DELETE FROM line", "INSERT INTO line (a) VALUES ('y')"]
    assert noted(r, *last) == ["1", "1", "1"]


@every_kind
def test_keys_are_written_as_the_copier_reads_them(rig: Rigs, kind: str) -> None:
    r = rig(kind, shop=kind)
    quote = of(r.old).quote
    name, code = quote('주문 "내역" it\'s 100%'), quote("order")
    r.run(
        r.old,
        f"CREATE TABLE {name} ({code} VARCHAR(60), n DECIMAL(20, 0), {quote('날짜')} DATE, PRIMARY KEY ({code}, {quote('날짜')}))"
        if kind == "sqlite"
        else f"CREATE TABLE {name} ({code} VARCHAR(60), n DECIMAL(20, 2), {quote('날짜')} DATE, "
        f"PRIMARY KEY ({code}, n, {quote('날짜')}))",
    )
    order = old("shop", '주문 "내역" it\'s 100%')
    target(r, columns=("k VARCHAR(60)", "d DATE", "PRIMARY KEY (k, d)"))
    mapping = Mapping("thing", order, {"k": order["order"], "d": order["날짜"]}, ids=Computed())
    project = installed(r, mapping)
    move = project.move(mapping.root_name)
    columns = ("order", "날짜") if kind == "sqlite" else ("order", "n", "날짜")
    table = sa.table('주문 "내역" it\'s 100%', *(sa.column(c) for c in ("order", "n", "날짜")))
    rows: list[Any] = [
        ("a|b~c", "1.50", "2024-02-29"),
        ("한글 😀 '\"\\n%s", "-0.05", "1999-12-31"),
        (" x ", "100.00", "0999-01-01"),
    ]
    clear(r)
    with r.old.begin() as connection:
        for row in rows:
            named = dict(zip(("order", "n", "날짜"), row, strict=True))
            connection.execute(
                sa.insert(table).values(
                    {c: sa.literal_column(f"'{named[c]}'") if c != "order" else named[c] for c in named}
                )
            )
    assert len(move.key.columns) == len(columns)
    with project.old["shop"].engine.connect() as connection:
        encoded = (
            connection.execute(sa.select(move.key.encoded(order)).select_from(order.from_)).scalars().all()
        )
    found = keys(r)
    assert sorted(found) == sorted(str(key) for key in encoded)
    assert len(found) == 3


@every_kind
def test_a_joined_table_leaves_what_it_is_joined_by_and_nothing_for_null(rig: Rigs, kind: str) -> None:
    r = rig(kind, shop=kind)
    r.run(
        r.old,
        "CREATE TABLE item (no INTEGER PRIMARY KEY, code VARCHAR(10))",
        "CREATE TABLE tag (no INTEGER PRIMARY KEY, code VARCHAR(10), label VARCHAR(10))",
    )
    target(r)
    tag = old("shop", "tag")
    votes = sa.select(sa.func.count()).select_from(tag.from_).where(tag.code == item.code).scalar_subquery()
    installed(r, Mapping("thing", item, {"a": votes}))
    source = "item.1:tag"
    assert noted(r, "INSERT INTO tag VALUES (1, 'a', 'x'), (2, NULL, 'y')", source=source) == ["a"]
    assert noted(r, "UPDATE tag SET label = 'z'", source=source) == ["a"]
    assert noted(r, "UPDATE tag SET code = 'b' WHERE no = 1", source=source) == ["a", "b"]
    assert noted(r, "UPDATE tag SET code = NULL WHERE no = 1", source=source) == ["b"]
    assert noted(r, "UPDATE tag SET code = 'c' WHERE no = 2", source=source) == ["c"]
    assert noted(r, "DELETE FROM tag", source=source) == ["c"]


@every_kind
def test_a_table_that_is_root_and_joined_leaves_both(rig: Rigs, kind: str) -> None:
    r = rig(kind, shop=kind)
    r.run(r.old, "CREATE TABLE item (no INTEGER PRIMARY KEY, code VARCHAR(10), parent INTEGER)")
    target(r)
    parent = old("shop", "item", alias="parent")
    installed(
        r, Mapping("thing", item, {"a": parent.code}, joins=(left_join(parent, parent.no == item.parent),))
    )
    clear(r)
    r.run(r.old, "INSERT INTO item VALUES (1, 'a', NULL)")
    assert sorted(entries(r)) == [("item", "1"), ("item.1:item", "1")]


def test_load_data(rig: Rigs, tmp_path: Any) -> None:
    r = items(rig, "mariadb")
    file = tmp_path / "items.tsv"
    file.write_text("1\ta\t1\n2\tb\t2\n")
    engine = sa.create_engine(r.old_urls["shop"], connect_args={"local_infile": True})
    with engine.begin() as connection:
        connection.exec_driver_sql(f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE item")
    engine.dispose()
    assert keys(r) == ["1", "2"]


def test_copy(rig: Rigs) -> None:
    r = items(rig, "postgres")
    with r.old.begin() as connection:
        driver: Any = connection.connection.driver_connection
        with driver.cursor().copy("COPY item FROM STDIN") as copy:
            copy.write("1\ta\t1\n2\tb\t2\n")
    assert keys(r) == ["1", "2"]
