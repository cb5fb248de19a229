"""A chunk full of rejects, or of roots that follow others, costs statements by the hundred rows, not by the row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pymysql
import pytest

from changeover.mapping import Assigned, Mapping, lookup, narrow, old
from tests.transfer.rig import Rig, assert_settled, copy

COUNT = 500


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What PyMySQL really sent: an executemany of UPDATEs is one statement for each."""
    found: list[str] = []
    query: Any = getattr(pymysql.cursors.Cursor, "_query")  # noqa: B009 - private, and so unknown to the type checker

    def counted(self: Any, statement: Any, *args: Any) -> Any:
        found.append(statement)
        return query(self, statement, *args)

    monkeypatch.setattr(pymysql.cursors.Cursor, "_query", counted)
    return found


def test_rejects_that_are_met_again_age_together(rig: Callable[..., Rig], sent: list[str]) -> None:
    r = rig("mariadb", shop="mariadb", workers=1)
    r.run(
        r.old,
        "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))",
        f"INSERT INTO t SELECT seq, CONCAT('too long ', seq) FROM seq_1_to_{COUNT}",
    )
    r.run(r.new, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(3))")
    t = old("shop", "t")
    project = r.project(Mapping("t", t, {"v": narrow(t.v)}))
    copy(project)
    first = {row.root_key: row for row in r.rejects()}
    r.run(r.old, "UPDATE t SET v = CONCAT('now ', id) WHERE id % 2", "UPDATE t SET v = 'ok' WHERE id <= 10")
    sent.clear()
    copy(project)
    assert len(sent) < 100
    second = {row.root_key: row for row in r.rejects()}
    assert set(second) == {str(n) for n in range(11, COUNT + 1)}
    for key, row in second.items():
        assert (row.id, row.first_seen, row.attempts) == (first[key].id, first[key].first_seen, 2)
        assert row.last_seen >= first[key].last_seen
        assert row.value == (f"now {key}" if int(key) % 2 else f"too long {key}")
    assert len(r.rows("t")) == 10


def test_roots_whose_row_lost_another_root_follow_together(rig: Callable[..., Rig], sent: list[str]) -> None:
    r = rig("mariadb", shop="mariadb", forum="mariadb", workers=1)
    for name in ("shop", "forum"):
        r.run(
            r.olds[name],
            "CREATE TABLE m (id INT PRIMARY KEY, e VARCHAR(20), n VARCHAR(20))",
            f"INSERT INTO m SELECT seq, CONCAT('e', seq), '{name}' FROM seq_1_to_{COUNT}",
        )
    r.run(
        r.new,
        "CREATE TABLE m (id INT AUTO_INCREMENT PRIMARY KEY, e VARCHAR(20) NOT NULL UNIQUE, n VARCHAR(20))",
    )
    a, b = old("shop", "m"), old("forum", "m")
    project = r.project(
        Mapping("m", a, {"e": a.e, "n": a.n}, ids=Assigned(match=("e",), priority=1)),
        Mapping("m", b, {"e": b.e, "n": b.n}, ids=Assigned(match=("e",), priority=2)),
    )
    copy(project)
    assert {n for _, _, n in r.rows("m")} == {"shop"}
    r.run(r.olds["shop"], "DELETE FROM m")
    sent.clear()
    done = copy(project, "shop.m")
    assert len(sent) < 150
    assert {n for _, _, n in r.rows("m")} == {"forum"}
    assert len(r.rows("m")) == COUNT
    assert r.rejects() == []
    assert_settled(project, done)


def test_children_before_parents_of_the_same_root_are_no_reason_to_give_up(rig: Callable[..., Rig]) -> None:
    r = rig("postgres", shop="mariadb", workers=1)
    r.run(
        r.old,
        "CREATE TABLE post (id INT PRIMARY KEY, kind CHAR(1), up INT)",
        "INSERT INTO post SELECT seq, 'r', 101 FROM seq_1_to_100",
        "INSERT INTO post VALUES (101, 'a', NULL)",
    )
    r.run(
        r.new,
        "CREATE TABLE articles (id INT PRIMARY KEY)",
        "CREATE TABLE revisions (id INT PRIMARY KEY, article_id INT NOT NULL REFERENCES articles)",
    )
    post = old("shop", "post")
    project = r.project(
        Mapping("articles", post, {}, where=post.kind == "a", max_rejects=10, rows_per_range=50),
        Mapping(
            "revisions",
            post,
            {"article_id": lookup("articles", post.up)},
            where=post.kind == "r",
            max_rejects=10,
        ),
    )
    done = copy(project)
    assert [one.error for one in done] == [None, None, None]
    assert r.reject_keys() == {}
    assert len(r.rows("revisions")) == 100
    assert_settled(project, done)
