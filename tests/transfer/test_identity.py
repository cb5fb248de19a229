"""Which target row a root leads to, and what happens when two lead to one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects import mysql

from changeover.mapping import Assigned, Computed, Keep, Mapping, Offset, lookup, old
from tests.mysql_kind import NO_PAD
from tests.transfer.rig import KINDS, Rig, assert_settled, copy, counts

every_new = pytest.mark.parametrize("new", KINDS)


def source_table(
    r: Rig, name: str, *columns: sa.Column[Any], rows: list[dict[str, Any]], database: str = "shop"
) -> sa.Table:
    table = sa.Table(name, sa.MetaData(), *columns)
    table.create(r.olds[database])
    r.run(r.olds[database], *(table.insert().values(row) for row in rows))
    return table


@every_new
def test_two_roots_that_compute_one_key_are_a_conflict_in_whatever_chunk_they_are(
    rig: Callable[..., Rig], new: str
) -> None:
    r = rig(new, workers=1, shop="sqlite")  # of two, whoever comes first has the row
    source_table(
        r,
        "pair",
        sa.Column("id", sa.Integer, primary_key=True),
        *(sa.Column(c, sa.String(9)) for c in "abv"),
        rows=[
            {"id": 1, "a": "x", "b": "1", "v": "first"},
            {"id": 2, "a": "y|", "b": "~2", "v": "alone"},
            {"id": 3, "a": "x", "b": "1", "v": "second"},
        ],
    )
    target = sa.Table(
        "pairs",
        sa.MetaData(),
        sa.Column("a", sa.String(9), primary_key=True),
        sa.Column("b", sa.String(9), primary_key=True),
        sa.Column("v", sa.String(9)),
    )
    target.create(r.new)
    p = old("shop", "pair")
    project = r.project(Mapping("pairs", p, {"a": p.a, "b": p.b, "v": p.v}, ids=Computed()))
    done = copy(project, rows_per_range=1)
    assert r.rows(target) == [("x", "1", "first"), ("y|", "~2", "alone")]
    (reject,) = r.rejects()
    assert (reject.root_key, reject.kind) == ("3", "conflict")
    assert "root 1" in reject.reason
    assert_settled(project, done)
    # They change places, one moves away, and the row that was in the way is free.
    r.run(
        r.old,
        "UPDATE pair SET a = 'z' WHERE id = 1",
        "UPDATE pair SET a = 'y|', b = '~2' WHERE id = 3",
        "UPDATE pair SET a = 'x', b = '1' WHERE id = 2",
    )
    copy(project)
    again = copy(project)
    assert r.rows(target) == [("x", "1", "alone"), ("y|", "~2", "second"), ("z", "1", "first")]
    assert r.rejects() == []
    assert_settled(project, again)
    r.run(r.old, "DELETE FROM pair WHERE id = 2")
    copy(project)
    assert r.rows(target) == [("y|", "~2", "second"), ("z", "1", "first")]


@every_new
def test_keys_that_only_the_new_collation_takes_for_equal_are_a_conflict(
    rig: Callable[..., Rig], new: str
) -> None:
    if new != "mariadb":
        pytest.skip("only MariaDB and MySQL have collations that are case-insensitive")
    r = rig(new, workers=1, shop="sqlite")  # of two, whoever comes first has the row
    source_table(
        r,
        "code",
        sa.Column("code", sa.String(9), primary_key=True),
        sa.Column("v", sa.String(9)),
        rows=[{"code": c, "v": f"v{c}"} for c in ("A", "B", "a", "b ", "ä")],
    )
    target = sa.Table(
        "codes",
        sa.MetaData(),
        sa.Column("code", sa.String(9, collation="utf8mb4_general_ci"), primary_key=True),
        sa.Column("v", sa.String(9)),
    )
    target.create(r.new)
    c = old("shop", "code")
    project = r.project(Mapping("codes", c, {"v": c.v}))
    done = copy(project, rows_per_range=1)
    assert r.rows(target) == [("A", "vA"), ("B", "vB")]
    assert r.reject_keys() == dict.fromkeys(("a", "b ", "ä"), "conflict")
    assert_settled(project, done)


@pytest.mark.parametrize("old_kind", ["mariadb", "postgres"])
def test_keys_of_every_collation_are_walked_without_loss(rig: Callable[..., Rig], old_kind: str) -> None:
    r = rig(old_kind, shop=old_kind)
    collations: list[Any] = [None, "C", "und-x-icu"]
    if old_kind == "mariadb":
        collations = [
            "utf8mb4_unicode_ci",
            "utf8mb4_general_ci",
            "utf8mb4_bin",
            NO_PAD,
            "latin1_swedish_ci",
        ]
    words = [
        f"{a}{b}" for a in ("a", "B", "é", "z", "-", "0", "~", "|") for b in ("", "b", "Z", "9", "é", "~!")
    ]
    for number, collation in enumerate(collations):
        charset = "latin1" if collation == "latin1_swedish_ci" else "utf8mb4"
        text = sa.String(20) if collation is None else sa.String(20, collation=collation)
        if old_kind == "mariadb":
            text = mysql.VARCHAR(20, charset=charset, collation=collation)
        name = f"words{number}"
        table = source_table(r, name, sa.Column("w", text, primary_key=True), rows=[])
        loaded: set[str] = set()
        for word in words:
            try:
                r.run(r.old, table.insert().values(w=word))
                loaded.add(word)
            except exc.IntegrityError:
                continue
        exact = mysql.VARCHAR(20, collation=NO_PAD) if old_kind == "mariadb" else sa.String(20)
        target = sa.Table(f"new_{name}", sa.MetaData(), sa.Column("w", exact, primary_key=True))
        target.create(r.new)
        w = old("shop", name)
        project = r.project(Mapping(f"new_{name}", w, {}))
        done = copy(project, rows_per_range=5)
        assert {row[0] for row in r.rows(target)} == loaded, collation
        assert sum(d.range.rows_read for d in done) == len(loaded)
        assert r.rejects() == []
        r.run(r.old, table.delete().where(table.c.w.in_(["B", "z9", "~~!"])))
        assert counts(copy(project), "inserted", "updated", "deleted") == (
            0,
            0,
            len(loaded & {"B", "z9", "~~!"}),
        )


@every_new
def test_rows_of_the_new_application_stay_as_they_are(rig: Callable[..., Rig], new: str) -> None:
    r = rig(new, shop="sqlite", community="sqlite")
    for name in ("shop", "community"):
        source_table(
            r,
            "note",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("t", sa.String(9)),
            rows=[{"id": i, "t": f"{name[0]}{i}"} for i in (1, 2, 5)],
            database=name,
        )
    key = sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True)
    target = sa.Table("notes", sa.MetaData(), key, sa.Column("t", sa.String(9)), sqlite_autoincrement=True)
    target.create(r.new)
    a, b = old("shop", "note"), old("community", "note")
    mappings = (
        Mapping("notes", a, {"t": a.t}, ids=Keep()),
        Mapping("notes", b, {"t": b.t}, ids=Offset(1_000)),
    )
    project = r.project(*mappings)
    done = copy(project)
    moved = [(i, f"s{i}") for i in (1, 2, 5)] + [(1000 + i, f"c{i}") for i in (1, 2, 5)]
    assert set(r.rows(target)) == set(moved)
    r.run(r.new, target.insert().values(t="new"), target.insert().values(t="newer"))
    own = [row for row in r.rows(target) if row[1].startswith("new")]
    assert all(i > 10_000_000 for i, _ in own)
    r.run(r.olds["shop"], "DELETE FROM note WHERE id = 2", "INSERT INTO note VALUES (7, 's7')")
    r.run(r.olds["community"], "DELETE FROM note WHERE id = 5")
    done = copy(project)
    assert set(r.rows(target)) == {*own, *moved, (7, "s7")} - {(2, "s2"), (1005, "c5")}
    assert_settled(project, done)


@every_new
def test_an_empty_old_table_keeps_its_ids_free_too(rig: Callable[..., Rig], new: str) -> None:
    r = rig(new, shop="sqlite")
    source_table(
        r, "note", sa.Column("id", sa.Integer, primary_key=True), sa.Column("t", sa.String(9)), rows=[]
    )
    key = sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True)
    target = sa.Table("notes", sa.MetaData(), key, sa.Column("t", sa.String(9)), sqlite_autoincrement=True)
    target.create(r.new)
    n = old("shop", "note")
    project = r.project(Mapping("notes", n, {"t": n.t}))
    assert copy(project) == []
    r.run(r.new, target.insert().values(t="new"))
    r.run(r.old, "INSERT INTO note VALUES (1, 'old')")
    done = copy(project)
    (first, second) = r.rows(target)
    assert first == (1, "old")
    assert second[1] == "new"
    assert_settled(project, done)


TREE = {1: None, 2: 1, 3: 9, 4: 3, 5: 5, 6: 77, 7: 6, 9: 2}
"""No to its parent: 3 comes before its parent, 5 is its own, 6's isn't there and 7 hangs on it."""


@every_new
@pytest.mark.parametrize("ids", [Keep(), Offset(100), Assigned()], ids=["keep", "offset", "assigned"])
@pytest.mark.parametrize("size", [1, 100])
def test_a_tree_arrives_whatever_the_order_of_its_nodes(
    rig: Callable[..., Rig], new: str, ids: Any, size: int
) -> None:
    r = rig(new, shop="sqlite")
    source_table(
        r,
        "node",
        sa.Column("no", sa.Integer, primary_key=True),
        sa.Column("up", sa.Integer),
        rows=[{"no": no, "up": up} for no, up in TREE.items()],
    )
    target = sa.Table(
        "nodes",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("no", sa.Integer, nullable=False),
        sa.Column("parent_id", sa.Integer, sa.ForeignKey("nodes.id")),
    )
    target.create(r.new)
    n = old("shop", "node")
    project = r.project(Mapping("nodes", n, {"no": n.no, "parent_id": lookup("nodes", n.up)}, ids=ids))
    done = copy(project, rows_per_range=size)
    found = r.rows(target)
    numbers = {i: no for i, no, _ in found}
    assert {no: numbers.get(up) for _, no, up in found} == {k: v for k, v in TREE.items() if k not in (6, 7)}
    assert r.reject_keys() == {"6": "waiting", "7": "waiting"}
    assert_settled(project, done)
    r.run(r.old, "INSERT INTO node VALUES (77, NULL)")
    again = copy(project)
    assert r.rejects() == []
    assert len(r.rows(target)) == len(TREE) + 1
    assert_settled(project, again)


@every_new
@pytest.mark.parametrize("by", [(), ("code",)], ids=["key", "natural"])
def test_a_reference_that_is_no_number_finds_no_other_row(
    rig: Callable[..., Rig], new: str, by: tuple[str, ...]
) -> None:
    r = rig(new, shop="sqlite")
    source_table(
        r,
        "parent",
        sa.Column("no", sa.Integer, primary_key=True),
        rows=[{"no": no} for no in (0, 12)],
    )
    source_table(
        r,
        "child",
        sa.Column("no", sa.Integer, primary_key=True),
        sa.Column("ref", sa.String(40)),
        rows=[
            {"no": n, "ref": ref}
            for n, ref in enumerate(("12", "12abc", "abc", "", "9" * 30, " 12", "0", "13", None))
        ],
    )
    new_tables = sa.MetaData()
    sa.Table(
        "parents",
        new_tables,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.Integer, unique=True),
    )
    child = sa.Table(
        "children",
        new_tables,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("parent_id", sa.Integer, sa.ForeignKey("parents.id"), nullable=False),
    )
    new_tables.create_all(r.new)
    p, c = old("shop", "parent"), old("shop", "child")
    project = r.project(
        Mapping("parents", p, {"code": p.no}),
        Mapping("children", c, {"parent_id": lookup("parents", c.ref, by=by)}),
    )
    done = copy(project)
    assert [d.error for d in done if d.error] == []
    kinds = r.reject_keys()
    assert r.rows(child) == [(0, 12), (6, 0)]
    assert kinds == {**dict.fromkeys("123458", "value"), "7": "waiting"}
    assert_settled(project, done)
