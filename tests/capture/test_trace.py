"""From tables that a mapping reads to its roots. Shapes come from an SQLite file: nothing else is asked of a database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import and_, exists, func, or_, select

from changeover.binding import Move
from changeover.capture.resolve import asked
from changeover.capture.source import Source
from changeover.capture.trace import LONGEST_NAME, Untraceable, sources
from changeover.mapping import Mapping, join, left_join, old
from tests.transfer.rig import Rig

TABLES = """
CREATE TABLE post (no INTEGER PRIMARY KEY, author VARCHAR(20), board INTEGER, title VARCHAR(50), kind VARCHAR(5));
CREATE TABLE author (id VARCHAR(20) PRIMARY KEY, nick VARCHAR(20), city INTEGER, spouse VARCHAR(20));
CREATE TABLE city (no INTEGER PRIMARY KEY, country INTEGER, name VARCHAR(20));
CREATE TABLE country (no INTEGER PRIMARY KEY, name VARCHAR(20));
CREATE TABLE vote (no INTEGER PRIMARY KEY, post_no INTEGER, voter VARCHAR(20), gone INTEGER);
CREATE TABLE badge (author_id VARCHAR(20), post_kind VARCHAR(5), points INTEGER, PRIMARY KEY (author_id, post_kind))
"""
post, author = old("shop", "post"), old("shop", "author")
city, country, vote = old("shop", "city"), old("shop", "country"), old("shop", "vote")
badge = old("shop", "badge")


@pytest.fixture
def traced(rig: Callable[..., Rig]) -> Callable[..., tuple[Source, ...]]:
    r = rig("sqlite")
    r.run(r.old, *TABLES.strip().split(";"))
    r.run(r.new, "CREATE TABLE article (id INTEGER PRIMARY KEY, a VARCHAR(50), b VARCHAR(50))")
    r.run(r.new, "CREATE TABLE story (id INTEGER PRIMARY KEY, a VARCHAR(50))")

    def trace(*mappings: Mapping) -> tuple[Source, ...]:
        project = r.project(*mappings)
        move: Move = project.move("shop.post")
        return sources(move, project.old["shop"])

    return trace


def mapping(a: Any = post.title, target: str = "article", root: Any = post, **more: Any) -> Mapping:
    return Mapping(target, root, {"a": a}, **more)


def told(source: Source) -> tuple[Any, ...]:
    outer = () if source.outer is None else tuple(str(o) for o in source.outer)
    return (
        source.name,
        tuple(c.name for c in source.key.columns),
        outer,
        tuple(str(j.on) for j in source.joins),
    )


def test_a_root_alone_writes_its_key(traced: Callable[..., Any]) -> None:
    (one,) = traced(mapping())
    assert (one.is_root, told(one)) == (True, ("post", ("no",), (), ()))


def test_a_joined_table_writes_what_it_is_joined_by(traced: Callable[..., Any]) -> None:
    on = and_(author.id == post.author, author.nick != "x")
    _, one = traced(mapping(author.nick, joins=(left_join(author, on),)))
    assert told(one) == ("post.1:author", ("id",), ("post.author",), ())


def test_a_chain_of_joins_leads_back_to_the_root(traced: Callable[..., Any]) -> None:
    joins = (
        left_join(author, post.author == author.id),
        join(city, city.no == author.city),
        left_join(country, country.no == city.country),
    )
    found = traced(mapping(country.name, joins=joins))
    assert [told(s)[:3] for s in found[1:]] == [
        ("post.1:author", ("id",), ("post.author",)),
        ("post.2:city", ("no",), ("author.city",)),
        ("post.3:country", ("no",), ("city.country",)),
    ]
    assert [len(s.joins) for s in found] == [0, 0, 1, 2]
    assert [j.outer for j in found[3].joins] == [True, False]


def test_a_join_by_two_tables_needs_the_joins_to_both(traced: Callable[..., Any]) -> None:
    joins = (
        left_join(author, author.id == post.author),
        left_join(badge, and_(badge.author_id == author.id, badge.post_kind == post.kind)),
    )
    found = traced(mapping(badge.points, joins=joins))
    assert told(found[2]) == (
        "post.2:badge",
        ("author_id", "post_kind"),
        ("author.id", "post.kind"),
        ("author.id = post.author",),
    )


def test_a_table_joined_to_itself_is_a_source_of_its_own(traced: Callable[..., Any]) -> None:
    spouse = old("shop", "author", alias="spouse")
    joins = (left_join(author, author.id == post.author), left_join(spouse, spouse.id == author.spouse))
    found = traced(mapping(spouse.nick, joins=joins))
    assert [told(s)[:3] for s in found[1:]] == [
        ("post.1:author", ("id",), ("post.author",)),
        ("post.2:author", ("id",), ("author.spouse",)),
    ]
    other = old("shop", "post", alias="other")
    found = traced(mapping(other.title, joins=(left_join(other, other.no == post.board),)))
    assert [told(s)[:3] for s in found] == [("post", ("no",), ()), ("post.1:post", ("no",), ("post.board",))]


def test_an_expression_over_the_root_may_be_what_is_asked(traced: Callable[..., Any]) -> None:
    joins = (left_join(author, author.id == func.lower(post.author)),)
    assert told(traced(mapping(author.nick, joins=joins))[1])[2] == ("lower(post.author)",)


def test_an_expression_over_a_joined_table_writes_the_columns_it_is_made_of(
    traced: Callable[..., Any],
) -> None:
    on = func.lower(author.id) == func.lower(post.author)
    _, one = traced(mapping(author.nick, joins=(left_join(author, on),)))
    assert told(one) == ("post.1:author", ("id",), ("lower(post.author)",), ())
    (found,) = asked(one, ("Kim",))
    assert str(found.compile(compile_kwargs={"literal_binds": True})) == "lower('Kim')"


def test_a_correlated_scalar_subquery_writes_what_it_is_correlated_by(traced: Callable[..., Any]) -> None:
    votes = (
        select(func.count())
        .select_from(vote.from_)
        .where(vote.post_no == post.no, or_(vote.gone == 0, vote.gone.is_(None)))
        .scalar_subquery()
    )
    _, one = traced(mapping(func.coalesce(votes, 0)))
    assert told(one) == ("post.1:vote", ("post_no",), ("post.no",), ())


def test_a_subquery_in_where_or_in_a_join_counts_as_well(traced: Callable[..., Any]) -> None:
    voted = exists(select(vote.no).where(vote.post_no == post.no).correlate(post.from_))
    assert [s.name for s in traced(mapping(where=voted))] == ["post", "post.1:vote"]
    on = and_(
        author.id == post.author,
        exists(select(vote.no).where(vote.voter == author.id).correlate(author.from_)),
    )
    found = traced(mapping(author.nick, joins=(left_join(author, on),)))
    assert told(found[2])[1:3] == (("voter",), ("author.id",))
    assert [str(j.table.from_) for j in found[2].joins] == ["author"]


def test_tables_joined_inside_a_subquery_are_reached_one_after_the_other(traced: Callable[..., Any]) -> None:
    inner = (
        select(func.max(city.name))
        .select_from(
            vote.from_.join(author.from_, author.id == vote.voter).join(city.from_, city.no == author.city)
        )
        .where(vote.post_no == post.no)
        .scalar_subquery()
    )
    found = traced(mapping(inner))
    assert [told(s)[:3] for s in found[1:]] == [
        ("post.1:vote", ("post_no",), ("post.no",)),
        ("post.2:author", ("id",), ("vote.voter",)),
        ("post.3:city", ("no",), ("author.city",)),
    ]
    assert [str(j.on) for j in found[3].joins] == ["vote.post_no = post.no", "author.id = vote.voter"]


def test_a_subquery_inside_a_subquery_is_reached_through_the_outer_one(traced: Callable[..., Any]) -> None:
    deepest = select(author.city).where(author.id == vote.voter).correlate(vote.from_).scalar_subquery()
    outer = (
        select(func.max(deepest)).select_from(vote.from_).where(vote.post_no == post.no).correlate(post.from_)
    )
    found = traced(mapping(outer.scalar_subquery()))
    assert [told(s)[:3] for s in found[1:]] == [
        ("post.1:vote", ("post_no",), ("post.no",)),
        ("post.2:author", ("id",), ("vote.voter",)),
    ]


def test_mappings_of_a_split_share_what_they_share(traced: Callable[..., Any]) -> None:
    mine = old("shop", "post")
    joins = (left_join(author, author.id == post.author),)
    own = (left_join(author, author.id == mine.author),)
    found = traced(
        mapping(author.nick, joins=joins), mapping(author.nick, target="story", root=mine, joins=own)
    )
    assert [s.name for s in found] == ["post", "post.1:author"]
    assert found[1].outer is not None
    assert found[1].outer[0].table is post.from_


@pytest.mark.parametrize(
    "make",
    [
        lambda: mapping(author.nick, joins=(left_join(author, author.id > post.author),)),
        lambda: mapping(author.nick, joins=(left_join(author, author.id == "x"),)),
        lambda: mapping(author.nick, joins=(left_join(author, func.coalesce(author.nick, "") == post.author),)),
        lambda: mapping(author.nick, joins=(left_join(author, or_(author.id == post.author, author.id == "x")),)),
        lambda: mapping(select(func.count()).select_from(vote.from_).scalar_subquery()),
        lambda: mapping(select(func.max(select(vote.no).where(vote.post_no == 1).subquery().c.no)).scalar_subquery()),
        lambda: mapping(sa.literal_column("(SELECT 1)")),
        lambda: mapping(where=post.no.in_(select(vote.post_no))),
    ],
)  # fmt: skip
def test_what_leads_to_no_roots_is_refused(traced: Callable[..., Any], make: Callable[[], Mapping]) -> None:
    with pytest.raises(Untraceable, match=r"mapping shop\.post\.article, table .*can't be traced"):
        traced(make())


def test_names_fit_the_outbox_and_stay_apart() -> None:
    from changeover.capture.trace import _named

    names = {_named("r" * 100, n, t * 120) for n in (1, 2) for t in "ab"}
    assert len(names) == 4
    assert max(map(len, names)) <= LONGEST_NAME
