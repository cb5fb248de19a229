"""Shared rows whose matching values change on one side: nobody's data stays with another person."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from changeover.mapping import Assigned, Mapping, old
from changeover.project import Project
from tests.transfer.rig import KINDS, Rig, assert_settled, compared, copy

COUNTER = {
    "mariadb": "INT AUTO_INCREMENT PRIMARY KEY",
    "postgres": "INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT",
}
every_new = pytest.mark.parametrize("new", KINDS)


def merged(rig: Callable[..., Rig], new: str) -> tuple[Rig, Project]:
    """A shop that comes first, and a forum that alone has a bio and a rank."""
    r = rig(new, shop="sqlite", forum="sqlite")
    for name in ("shop", "forum"):
        r.run(
            r.olds[name],
            "CREATE TABLE m (id INTEGER PRIMARY KEY, e VARCHAR(20), n VARCHAR(20), x VARCHAR(20), k INT)",
        )
    r.run(
        r.new,
        f"CREATE TABLE m (id {COUNTER[new]}, e VARCHAR(20) NOT NULL UNIQUE, n VARCHAR(20), "
        "bio VARCHAR(20), rank_no INT NOT NULL DEFAULT 7)",
    )
    a, b = old("shop", "m"), old("forum", "m")
    project = r.project(
        Mapping("m", a, {"e": a.e, "n": a.n}, ids=Assigned(match=("e",), priority=1)),
        Mapping(
            "m",
            b,
            {"e": b.e, "n": b.n, "bio": b.x, "rank_no": b.k},
            ids=Assigned(match=("e",), priority=2),
        ),
    )
    return r, project


def people(r: Rig) -> list[tuple[object, ...]]:
    return r.rows("m", "e", "n", "bio", "rank_no")


@every_new
def test_who_shared_a_row_gets_one_of_its_own_when_the_first_moves_away(
    rig: Callable[..., Rig], new: str
) -> None:
    r, project = merged(rig, new)
    r.run(r.olds["shop"], "INSERT INTO m VALUES (1, 'kim@x', 'kim', NULL, NULL)")
    r.run(r.olds["forum"], "INSERT INTO m VALUES (7, 'kim@x', 'kim-forum', 'secret', 3)")
    copy(project)
    assert people(r) == [("kim@x", "kim", "secret", 3)]
    r.run(r.olds["shop"], "UPDATE m SET e = 'lee@y', n = 'lee'")
    # The forum isn't run: its root follows the row's first at once.
    done = copy(project, "shop.m")
    assert people(r) == [("kim@x", "kim-forum", "secret", 3), ("lee@y", "lee", None, 7)]
    assert r.rejects() == []
    assert_settled(project, done)


@every_new
def test_who_moves_away_from_a_shared_row_takes_along_what_it_wrote(
    rig: Callable[..., Rig], new: str
) -> None:
    r, project = merged(rig, new)
    r.run(
        r.olds["shop"],
        "INSERT INTO m VALUES (1, 'a', 'shop1', NULL, NULL), (2, 'b', 'shop2', NULL, NULL)",
    )
    r.run(
        r.olds["forum"],
        "INSERT INTO m VALUES (1, 'b', 'forum1', 'one', 1), (2, 'a', 'forum2', 'two', 2), (3, 'c', 'forum3', 'three', 3)",
    )
    copy(project)
    r.run(r.olds["forum"], "UPDATE m SET e = CASE id WHEN 1 THEN 'a' WHEN 2 THEN 'b' ELSE e END")
    assert sorted(key for one in compared(project) for key in one.keys) == ["1", "2"]
    done = copy(project)
    assert people(r) == [("a", "shop1", "one", 1), ("b", "shop2", "two", 2), ("c", "forum3", "three", 3)]
    assert r.rejects() == []
    assert_settled(project, done)
    # One of them leaves for a row of its own, and one for the row of the other.
    r.run(r.olds["forum"], "UPDATE m SET e = CASE id WHEN 1 THEN 'new' WHEN 2 THEN 'a' ELSE e END")
    done = copy(project, "forum.m")
    assert people(r) == [
        ("a", "shop1", "two", 2),
        ("b", "shop2", None, 7),
        ("c", "forum3", "three", 3),
        ("new", "forum1", "one", 1),
    ]
    assert r.rejects() == []
    assert_settled(project, done)


@every_new
def test_the_first_are_asked_before_anybody_leaves(rig: Callable[..., Rig], new: str) -> None:
    r, project = merged(rig, new)
    r.run(r.olds["shop"], "INSERT INTO m VALUES (1, 'kim@x', 'kim', NULL, NULL)")
    r.run(r.olds["forum"], "INSERT INTO m VALUES (7, 'kim@x', 'kim-forum', 'secret', 3)")
    copy(project)
    before = r.rows("m")
    r.run(r.new, "UPDATE m SET e = 'tampered'")
    done = copy(project, "forum.m")
    assert r.rows("m") == before
    assert r.rejects() == []
    assert_settled(project, done)


@pytest.mark.parametrize(
    ("new", "alter"),
    [
        ("mariadb", "ALTER TABLE m MODIFY bio VARCHAR(20) NOT NULL"),
        ("postgres", "ALTER TABLE m ALTER bio SET NOT NULL"),
    ],
)
def test_a_root_that_cannot_leave_is_a_conflict(rig: Callable[..., Rig], new: str, alter: str) -> None:
    r, project = merged(rig, new)
    r.run(r.olds["forum"], "INSERT INTO m VALUES (7, 'kim@x', 'kim-forum', 'secret', 3)")
    copy(project, "forum.m")
    r.run(r.olds["shop"], "INSERT INTO m VALUES (1, 'kim@x', 'kim', NULL, NULL)")
    copy(project)
    r.run(r.new, alter)
    again = r.project(*project.registry.mappings)
    r.run(r.olds["forum"], "UPDATE m SET e = 'park@z'")
    copy(again, "forum.m")
    assert people(r) == [("kim@x", "kim", "secret", 3)]
    (reject,) = r.rejects()
    assert (reject.root_key, reject.column, reject.kind) == ("7", "bio", "conflict")
    r.run(r.olds["forum"], "UPDATE m SET e = 'kim@x'")
    done = copy(again, "forum.m")
    assert r.rejects() == []
    assert_settled(again, done)


@every_new
def test_roots_that_share_a_row_by_consent_part_when_they_differ(rig: Callable[..., Rig], new: str) -> None:
    r = rig(new, shop="sqlite")
    r.run(
        r.old,
        "CREATE TABLE m (id INTEGER PRIMARY KEY, e VARCHAR(20), n VARCHAR(20))",
        "INSERT INTO m VALUES (9, 'd', 'first'), (10, 'd', 'second'), (11, 'd', 'third')",
    )
    r.run(r.new, f"CREATE TABLE m (id {COUNTER[new]}, e VARCHAR(20) NOT NULL UNIQUE, n VARCHAR(20))")
    m = old("shop", "m")
    project = r.project(Mapping("m", m, {"e": m.e, "n": m.n}, ids=Assigned(("e",), 0, "first")))
    copy(project)
    assert r.rows("m", "e", "n") == [("d", "first")]
    r.run(r.old, "UPDATE m SET e = 'z' WHERE id = 9")
    done = copy(project)
    assert r.rows("m", "e", "n") == [("d", "second"), ("z", "first")]
    assert_settled(project, done)
    r.run(r.old, "UPDATE m SET e = 'y' WHERE id = 11")
    assert [one.equal for one in compared(project)] == [False]
    done = copy(project)
    assert r.rows("m", "e", "n") == [("d", "second"), ("y", "third"), ("z", "first")]
    assert r.rejects() == []
    assert_settled(project, done)
