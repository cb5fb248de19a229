"""What foreign keys do behind the triggers' backs is noted all the same, whether cascades fire triggers or, as on InnoDB, don't."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from changeover.capture.cascades import CircularCascade
from changeover.capture.install import install
from changeover.mapping import Computed, Mapping, left_join, old
from tests.capture.scene import clear, entries, installed, keys, noted, target
from tests.races.gate import SECONDS
from tests.transfer.rig import KINDS, Rig

every_kind = pytest.mark.parametrize("kind", KINDS)
Rigs = Callable[..., Rig]
line, part, note = old("shop", "line"), old("shop", "part"), old("shop", "note")

FAMILY = (
    "CREATE TABLE country (no INTEGER PRIMARY KEY)",
    "CREATE TABLE city (no INTEGER PRIMARY KEY, country INTEGER REFERENCES country (no) ON DELETE CASCADE)",
    "CREATE TABLE shop (no INTEGER PRIMARY KEY, city INTEGER REFERENCES city (no) ON DELETE CASCADE ON UPDATE CASCADE)",
    (
        "CREATE TABLE line (shop INTEGER REFERENCES shop (no) ON DELETE CASCADE ON UPDATE CASCADE, no INTEGER, n INTEGER, "
        "PRIMARY KEY (shop, no))"
    ),
    (
        "CREATE TABLE part (no INTEGER PRIMARY KEY, shop INTEGER, line INTEGER, FOREIGN KEY (shop, line) REFERENCES line "
        "(shop, no) ON DELETE CASCADE ON UPDATE CASCADE)"
    ),
    "CREATE TABLE note (no INTEGER PRIMARY KEY, shop INTEGER REFERENCES shop (no) ON DELETE SET NULL ON UPDATE SET NULL)",
)
ROWS = (
    "INSERT INTO country VALUES (1), (2)",
    "INSERT INTO city VALUES (10, 1), (11, 1), (20, 2)",
    "INSERT INTO shop VALUES (100, 10), (101, 11), (200, 20)",
    "INSERT INTO line VALUES (100, 1, 0), (100, 2, 0), (101, 1, 0), (200, 1, 0)",
    "INSERT INTO part VALUES (1000, 100, 1), (1001, 100, 2), (1010, 101, 1), (2000, 200, 1)",
    "INSERT INTO note VALUES (1, 100), (2, 101), (3, 200), (4, NULL)",
)


def family(rig: Rigs, kind: str) -> Rig:
    r = rig(kind, shop=kind)
    if kind == "sqlite":  # an application that relies on cascades turns them on
        event.listen(r.old, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys = ON"))
    r.run(r.old, *(_for_mysql(one) if kind == "mariadb" else one for one in FAMILY), *ROWS)
    target(r, columns=("shop INTEGER", "no INTEGER", "PRIMARY KEY (shop, no)"))
    target(r, "piece")
    target(r, "memo")
    installed(
        r,
        Mapping("thing", line, {"shop": line.shop, "no": line.no}, ids=Computed()),
        Mapping(
            "piece",
            part,
            {"a": line.n},
            joins=(left_join(line, sa.and_(line.shop == part.shop, line.no == part.line)),),
        ),
        Mapping("memo", note, {}),
    )
    clear(r)
    return r


def _for_mysql(statement: str) -> str:
    """MySQL reads REFERENCES beside a column and forgets it: written as a constraint."""

    return re.sub(
        r"(\w+) INTEGER (REFERENCES \w+ \(no\)[A-Z ]*)", r"\1 INTEGER, FOREIGN KEY (\1) \2", statement
    )


def by_source(r: Rig) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for source, key in entries(r):
        found.setdefault(source, []).append(key)
    return {source: sorted(set(listed)) for source, listed in found.items()}


@every_kind
def test_a_delete_that_cascades_through_tables_that_no_mapping_reads(rig: Rigs, kind: str) -> None:
    r = family(rig, kind)
    r.run(r.old, "DELETE FROM country WHERE no = 1")
    assert by_source(r) == {
        "line": ["100|1", "100|2", "101|1"],
        "part": ["1000", "1001", "1010"],
        "part.1:line": ["100|1", "100|2", "101|1"],
        "note": ["1", "2"],
    }
    assert r.rows_of(r.old, "line", "shop") == [(200,)]


@every_kind
def test_a_delete_that_cascades_from_the_middle(rig: Rigs, kind: str) -> None:
    r = family(rig, kind)
    r.run(r.old, "DELETE FROM line WHERE shop = 100 AND no = 1")
    assert by_source(r) == {"line": ["100|1"], "part": ["1000"], "part.1:line": ["100|1"]}


@every_kind
def test_a_changed_key_that_cascades_into_keys_leaves_the_old_and_the_new(rig: Rigs, kind: str) -> None:
    r = family(rig, kind)
    r.run(r.old, "UPDATE shop SET no = 900 WHERE no = 100")
    assert by_source(r) == {
        "line": ["100|1", "100|2", "900|1", "900|2"],
        "part": ["1000", "1001"],
        "part.1:line": ["100|1", "100|2", "900|1", "900|2"],
        "note": ["1"],
    }
    clear(r)
    r.run(r.old, "UPDATE shop SET city = 11 WHERE no = 900")
    assert entries(r) == []


@every_kind
def test_a_cascade_that_is_rolled_back_leaves_nothing(rig: Rigs, kind: str) -> None:
    r = family(rig, kind)
    with r.old.connect() as connection:
        connection.exec_driver_sql("DELETE FROM country")
        connection.rollback()
    assert entries(r) == []


def test_replace_cascades_too(rig: Rigs) -> None:
    for kind in ("mariadb", "sqlite"):
        r = family(rig, kind)
        r.run(r.old, "REPLACE INTO shop VALUES (100, 11)")
        assert by_source(r)["line"] == ["100|1", "100|2"], kind
        assert by_source(r)["note"] == ["1"], kind


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ"])
def test_a_child_that_is_added_meanwhile_is_noted(rig: Rigs, isolation: str) -> None:
    r = family(rig, "mariadb")
    engine = r.old.execution_options(isolation_level=isolation)
    with engine.connect() as deleting, engine.connect() as adding:
        deleting.exec_driver_sql("SELECT COUNT(*) FROM line")  # its snapshot, where it has one
        adding.exec_driver_sql("INSERT INTO line VALUES (100, 77, 0)")
        done = threading.Thread(target=lambda: deleting.exec_driver_sql("DELETE FROM shop WHERE no = 100"))
        done.start()
        done.join(0.5)
        assert done.is_alive(), "it waits for the row that refers to it"
        adding.commit()
        done.join(SECONDS)
        deleting.commit()
    assert "100|77" in keys(r, "line")
    assert r.rows_of(r.old, "line", "shop") == [(101,), (200,)]


CIRCLE = (
    "CREATE TABLE line (no INTEGER PRIMARY KEY, parent INTEGER, FOREIGN KEY (parent) REFERENCES line (no) ON DELETE CASCADE)",
)


def test_a_circle_of_cascades_is_refused_where_they_fire_no_triggers(rig: Rigs) -> None:
    r = rig("mariadb", shop="mariadb")
    r.run(r.old, *CIRCLE)
    target(r)
    with pytest.raises(CircularCascade, match=r"line -> line cascade in a circle"):
        install(r.project(Mapping("thing", line, {})))


@pytest.mark.parametrize("kind", ["postgres", "sqlite"])
def test_a_circle_of_cascades_is_no_matter_where_they_do(rig: Rigs, kind: str) -> None:
    r = rig(kind, shop=kind)
    if kind == "sqlite":
        event.listen(r.old, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys = ON"))
    r.run(r.old, *CIRCLE)
    target(r)
    installed(r, Mapping("thing", line, {}))
    r.run(r.old, "INSERT INTO line VALUES (1, NULL), (2, 1), (3, 2)")
    assert set(noted(r, "DELETE FROM line WHERE no = 1")) == {"1", "2", "3"}


def test_a_row_that_only_loses_its_parent_is_no_circle(rig: Rigs) -> None:
    r = rig("mariadb", shop="mariadb")
    r.run(
        r.old,
        "CREATE TABLE line (no INTEGER PRIMARY KEY, parent INTEGER, FOREIGN KEY (parent) REFERENCES line (no) ON DELETE SET NULL)",
    )
    target(r)
    installed(r, Mapping("thing", line, {"a": line.parent}))
    r.run(r.old, "INSERT INTO line VALUES (1, NULL), (2, 1), (3, 2)")
    assert set(noted(r, "DELETE FROM line WHERE no = 1")) == {"1", "2"}
    assert noted(r, "DELETE FROM line WHERE no = 3") == ["3"]


def test_cascades_between_schemas(rig: Rigs, database: Callable[..., str]) -> None:
    r = rig("mariadb", shop="mariadb")
    other = sa.make_url(database("mariadb", "other")).database
    r.run(
        r.old,
        f"CREATE TABLE {other}.vendor (no INTEGER PRIMARY KEY)",
        f"CREATE TABLE line (no INTEGER PRIMARY KEY, v INTEGER, FOREIGN KEY (v) REFERENCES {other}.vendor (no) ON DELETE CASCADE)",
        f"INSERT INTO {other}.vendor VALUES (1)",
        "INSERT INTO line VALUES (5, 1)",
    )
    target(r)
    installed(r, Mapping("thing", line, {}))
    assert noted(r, f"DELETE FROM {other}.vendor") == ["5"]
    r.run(r.old, "DROP TABLE line")
