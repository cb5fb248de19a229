"""Planning beside an application that works: counters, locks, and what is told when a database doesn't let us."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from changeover.errors import DatabaseRefused, MappingError
from changeover.mapping import Mapping, old
from changeover.planning import headroom, plan
from tests.races.gate import SECONDS, Background
from tests.transfer.rig import Rig, assert_settled, copy

PLANNING = sys.modules["changeover.planning"]
SMALL = {
    "mariadb": ("id TINYINT UNSIGNED PRIMARY KEY", "id SMALLINT AUTO_INCREMENT PRIMARY KEY"),
    "postgres": ("id SMALLINT PRIMARY KEY", "id SMALLINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
}
LOCKED = {
    "mariadb": (
        "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)",
        "CREATE TRIGGER passes BEFORE INSERT ON t FOR EACH ROW SET NEW.v = NEW.v",
    ),
    "postgres": ("CREATE TABLE t (id SERIAL PRIMARY KEY, v INT)",),
}

BUSY = {"mariadb": "SELECT * FROM t", "postgres": "INSERT INTO t (id, v) VALUES (50000000, 1)"}


@pytest.mark.parametrize("kind", SMALL)
def test_a_small_counter_is_shared_with_the_new_application(
    rig: Callable[..., Rig], kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    r = rig(kind)
    r.run(
        r.old,
        f"CREATE TABLE cat ({SMALL[kind][0]}, v VARCHAR(9))",
        "INSERT INTO cat VALUES (1, 'a'), (3, 'b')",
    )
    r.run(r.new, f"CREATE TABLE cat ({SMALL[kind][1]}, v VARCHAR(9))")
    cat = old("shop", "cat")
    project = r.project(Mapping("cat", cat, {"v": cat.v}))
    done = copy(project)
    assert "16382 ids above the old ones are kept" in caplog.text
    assert "16382 are left" in caplog.text
    for _ in range(3):
        r.run(r.new, "INSERT INTO cat (v) VALUES ('new')")
    assert r.rows("cat", "id") == [(1,), (16386,), (16387,), (16388,), (3,)]
    assert_settled(project, done)


def test_a_counter_that_is_almost_at_its_end_is_refused(rig: Callable[..., Rig]) -> None:
    r = rig("mariadb")
    r.run(r.old, "CREATE TABLE cat (id INT PRIMARY KEY, v INT)", "INSERT INTO cat VALUES (110, 1)")
    r.run(r.new, "CREATE TABLE cat (id TINYINT AUTO_INCREMENT PRIMARY KEY, v INT)")
    cat = old("shop", "cat")
    project = r.project(Mapping("cat", cat, {"v": cat.v}))
    with pytest.raises(
        MappingError, match=r"cat\.id: above the highest old id, 110, there are ids up to 127 only"
    ):
        plan(project, "shop.cat")
    r.run(r.old, "UPDATE cat SET id = 128")
    with pytest.raises(MappingError, match="key 128 does not fit"):
        plan(project, "shop.cat")


def test_half_of_what_a_counter_has_left_is_kept_at_most() -> None:
    assert headroom(5, None) == headroom(5, 2**31) == 10_000_000
    assert headroom(7, 127) == 60
    assert headroom(127, 127) == 0
    assert headroom(128, 127) < 0


@pytest.mark.parametrize("kind", LOCKED)
def test_planning_outlasts_a_transaction_of_the_application(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    r.run(r.old, "CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1, 1)")
    r.run(r.new, *LOCKED[kind])
    t = old("shop", "t")
    project = r.project(Mapping("t", t, {"v": t.v}))
    gave_way = threading.Event()
    work = type(project.dialect).trouble

    def judged(self: Any, error: BaseException) -> Any:
        found = work(self, error)
        if found == "transient":
            gave_way.set()
        return found

    monkeypatch.setattr(type(project.dialect), "trouble", judged)
    with r.new.connect() as application:
        application.exec_driver_sql(BUSY[kind])
        planner = Background(lambda: plan(project, "shop.t"))
        assert gave_way.wait(SECONDS)
        application.rollback()
    assert len(planner.result()) == 1
    r.run(r.new, "INSERT INTO t (v) VALUES (1)")
    assert r.rows("t", "id") == [(10_000_002,)]


def test_a_transaction_that_does_not_end_is_told_as_what_it_is(
    rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig("postgres")
    r.run(r.old, "CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1, 1)")
    r.run(r.new, *LOCKED["postgres"])
    t = old("shop", "t")
    project = r.project(Mapping("t", t, {"v": t.v}))
    monkeypatch.setattr(sys.modules["changeover.transfer.retry"], "TRIES", 2)
    with r.new.connect() as application:
        application.exec_driver_sql("INSERT INTO t (id, v) VALUES (50000000, 1)")
        with pytest.raises(
            DatabaseRefused, match=r"shop\.t could not be planned: a lock was held by somebody else"
        ):
            plan(project, "shop.t")


@pytest.mark.parametrize("kind", ["mariadb", "postgres", "sqlite"])
@pytest.mark.parametrize("more", [1, 10, 25])
def test_rows_that_come_while_it_walks_are_in_ranges_that_follow_each_other(
    rig: Callable[..., Rig], kind: str, more: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    r.run(r.old, "CREATE TABLE t (id INT PRIMARY KEY)")
    r.run(r.old, *(f"INSERT INTO t VALUES ({n})" for n in range(1, 11)))
    r.run(r.new, "CREATE TABLE t (id INT PRIMARY KEY)")
    t = old("shop", "t")
    project = r.project(Mapping("t", t, {}))
    ask, asked = PLANNING.last_key, 0

    def last_key(*words: Any) -> Any:
        nonlocal asked
        found, asked = ask(*words), asked + 1
        if asked == 1:
            r.run(r.old, *(f"INSERT INTO t VALUES ({n})" for n in range(11, 11 + more)))
        return found

    monkeypatch.setattr(PLANNING, "last_key", last_key)
    ranges = plan(project, "shop.t", 10)
    bounds = [found.lower for found in ranges] + [ranges[-1].upper]
    assert bounds == [None, *((str(n),) for n in range(10, 10 + more, 10)), (str(10 + more),)]
    assert sum(found.rows_planned for found in ranges) == 10 + more
    assert plan(project, "shop.t", 10) == []
