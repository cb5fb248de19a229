"""Rows of several databases that are one row of the new one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from changeover.mapping import Assigned, Mapping, old
from tests.transfer.rig import KINDS, Rig, assert_settled, copy, counts

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def people(rig: Rig, rows: dict[str, list[tuple[int, Any, str]]]) -> None:
    for name, found in rows.items():
        table = sa.Table(
            "person",
            sa.MetaData(),
            sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("email", sa.String(100)),
            sa.Column("nm", sa.String(50)),
        )
        table.create(rig.olds[name])
        if found:
            rig.run(
                rig.olds[name], table.insert().values([{"no": n, "email": e, "nm": s} for n, e, s in found])
            )
    member = sa.Table(
        "member",
        sa.MetaData(),
        sa.Column("id", BIG, primary_key=True),
        sa.Column("email", sa.String(100), unique=True),
        sa.Column("name", sa.String(50)),
        sa.Column("nick", sa.String(50)),
    )
    member.create(rig.new)


def mappings(duplicates: str = "reject") -> tuple[Mapping, Mapping]:
    shop, community = old("shop", "person"), old("community", "person")
    return (
        Mapping(
            "member",
            shop,
            {"email": sa.func.lower(shop.email), "name": shop.nm},
            ids=Assigned(("email",), 0, duplicates),
        ),
        Mapping(
            "member",
            community,
            {"email": sa.func.lower(community.email), "name": community.nm, "nick": community.nm},
            ids=Assigned(("email",), 1, duplicates),
        ),
    )


SHOP = [(1, "a@x.com", "A"), (2, "B@x.com", "B"), (3, None, "N1"), (4, None, "N2")]
COMMUNITY = [(1, "b@x.com", "b"), (2, "c@x.com", "c"), (3, None, "N3")]
MERGED = [
    ("a@x.com", "A", None),
    ("b@x.com", "B", "b"),
    ("c@x.com", "c", "c"),
    (None, "N1", None),
    (None, "N2", None),
    (None, "N3", "N3"),
]


@pytest.mark.parametrize("new", KINDS)
@pytest.mark.parametrize("order", [("shop", "community"), ("community", "shop")])
def test_a_merge_gives_the_same_rows_in_either_order(
    rig: Callable[..., Rig], new: str, order: tuple[str, str]
) -> None:
    r = rig(new, shop="sqlite", community="sqlite")
    people(r, {"shop": SHOP, "community": COMMUNITY})
    project = r.project(*mappings())
    done = copy(project, *(f"{name}.person" for name in order))
    assert r.rows("member", "email", "name", "nick") == sorted(MERGED, key=repr)
    assert r.rejects() == []
    assert_settled(project, done)


@pytest.mark.parametrize("new", KINDS)
def test_rows_without_a_value_to_match_by_are_rows_of_their_own(rig: Callable[..., Rig], new: str) -> None:
    r = rig(new, shop="sqlite")
    people(r, {"shop": [(n, None, f"N{n}") for n in range(1, 6)]})
    project = r.project(mappings()[0])
    done = copy(project)
    assert [row[1] for row in r.rows("member", "email", "name")] == [f"N{n}" for n in range(1, 6)]
    assert_settled(project, done)


@pytest.mark.parametrize("new", KINDS)
@pytest.mark.parametrize("backwards", [False, True])
def test_of_two_roots_that_match_one_row_the_one_with_the_lower_key_is_moved(
    rig: Callable[..., Rig], new: str, backwards: bool
) -> None:
    r = rig(new, shop="sqlite")
    people(r, {"shop": [(9, "d@x.com", "first"), (10, "D@x.com", "second"), (11, "e@x.com", "E")]})
    project = r.project(mappings()[0])
    root = "shop.person"
    copy(project, rows_per_range=1, names=[])
    names = [row[0] for row in r.rows("changeover_range", "name")]
    for name in reversed(names) if backwards else names:
        copy(project, root, names=[name])
    assert r.rows("member", "email", "name") == [("d@x.com", "first"), ("e@x.com", "E")]
    (reject,) = r.rejects()
    assert (reject.root_key, reject.column, reject.kind) == ("10", "email", "conflict")
    assert "root 9" in reject.reason
    assert "root 10" in reject.reason
    done = copy(project)
    assert counts(done, "inserted", "updated", "deleted") == (0, 0, 0)
    assert_settled(project, done)


@pytest.mark.parametrize("new", KINDS)
@pytest.mark.parametrize("backwards", [False, True])
def test_roots_that_share_a_row_by_consent_leave_what_the_first_says(
    rig: Callable[..., Rig], new: str, backwards: bool
) -> None:
    r = rig(new, shop="sqlite")
    people(r, {"shop": [(9, "d@x.com", "first"), (10, "D@x.com", "second"), (11, "e@x.com", "E")]})
    project = r.project(mappings("first")[0])
    copy(project, rows_per_range=1, names=[])
    names = [row[0] for row in r.rows("changeover_range", "name")]
    for name in reversed(names) if backwards else names:
        copy(project, "shop.person", names=[name])
    assert r.rows("member", "email", "name") == [("d@x.com", "first"), ("e@x.com", "E")]
    assert r.rejects() == []
    assert_settled(project, copy(project))
    r.run(r.old, "DELETE FROM person WHERE no = 9")
    copy(project)
    assert r.rows("member", "email", "name") == [("d@x.com", "second"), ("e@x.com", "E")]
    assert_settled(project, copy(project))


@pytest.mark.parametrize("new", KINDS)
def test_a_shared_row_outlives_one_of_its_roots_and_dies_with_the_last(
    rig: Callable[..., Rig], new: str
) -> None:
    r = rig(new, shop="sqlite", community="sqlite")
    people(r, {"shop": SHOP, "community": COMMUNITY})
    project = r.project(*mappings())
    copy(project)
    r.run(r.olds["shop"], "DELETE FROM person WHERE no = 2")
    copy(project, "shop.person")
    assert ("b@x.com", "b", "b") in r.rows("member", "email", "name", "nick")
    assert r.rejects() == []
    r.run(r.olds["community"], "DELETE FROM person WHERE no = 1")
    done = copy(project, "community.person")
    assert counts(done, "deleted") == (1,)
    assert not [row for row in r.rows("member", "email") if row[0] == "b@x.com"]
    assert_settled(project, copy(project))


@pytest.mark.parametrize("new", KINDS)
def test_a_root_that_is_gone_takes_along_what_it_alone_wrote_into_a_shared_row(
    rig: Callable[..., Rig], new: str
) -> None:
    r = rig(new, shop="sqlite", community="sqlite")
    people(r, {"shop": SHOP, "community": COMMUNITY})
    project = r.project(*mappings())
    copy(project)
    r.run(r.olds["community"], "DELETE FROM person WHERE no = 1")
    copy(project, "community.person")
    assert ("b@x.com", "B", None) in r.rows("member", "email", "name", "nick")
    assert r.rejects() == []
    assert_settled(project, copy(project))


@pytest.mark.parametrize("new", KINDS)
def test_a_root_that_is_gone_and_left_what_no_other_can_say_is_a_reject(
    rig: Callable[..., Rig], new: str
) -> None:
    r = rig(new, shop="sqlite", community="sqlite")
    people(r, {"shop": SHOP[:2], "community": COMMUNITY[:2]})
    member = sa.Table(
        "member",
        sa.MetaData(),
        sa.Column("id", BIG, primary_key=True),
        sa.Column("email", sa.String(100), unique=True),
        sa.Column("name", sa.String(50), nullable=False),
    )
    r.run(r.new, "DROP TABLE member")
    member.create(r.new)
    shop, community = old("shop", "person"), old("community", "person")
    project = r.project(
        Mapping(
            "member", shop, {"email": sa.func.lower(shop.email), "name": shop.nm}, ids=Assigned(("email",))
        ),
        Mapping("member", community, {"email": sa.func.lower(community.email)}, ids=Assigned(("email",), 1)),
    )
    copy(project)
    r.run(r.olds["shop"], "DELETE FROM person WHERE no = 2")
    copy(project, "shop.person")
    (only,) = [one for one in r.rejects() if one.root_key == "2" and one.column == "name"]
    assert only.kind == "conflict"
    assert "name, which it wrote into a row that others have too, can't be emptied" in only.reason
    r.run(r.olds["shop"], "INSERT INTO person VALUES (2, 'b@x.com', 'B2')")
    copy(project, "shop.person")
    assert [one for one in r.rejects() if one.root_key == "2" and one.column == "name"] == []
    assert ("b@x.com", "B2") in r.rows("member", "email", "name")
