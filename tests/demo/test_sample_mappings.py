"""The sample mappings between all kinds of databases: nothing is rejected, everything is equal, and means what it should."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from changeover.check import check
from changeover.ledger.status import table_status
from changeover.project import Project
from demo.summary import summarise
from tests.demo.migrated import compare_everything, move_everything, samples

KINDS = ("sqlite", "mariadb", "postgres")
CROSSED = [pair for pair in itertools.product(KINDS, KINDS) if pair[0] != pair[1]]
SCALE = 0.03


@pytest.fixture(params=KINDS)
def project(request: pytest.FixtureRequest, database: Callable[..., str]) -> Iterator[Project]:
    with samples(database, request.param, request.param, SCALE) as made:
        yield made


def test_the_samples_are_moved_as_they_should(project: Project) -> None:
    """One long test: building and moving takes seconds, each look at the result a moment."""
    assert [str(f) for f in check(project.registry, project.old, project.new) if f.severity == "error"] == []
    assert_moved_and_equal(project)
    assert_people_kept_their_coupons(project)
    assert_one_person_is_one_row(project)
    assert_wall_clocks_became_instants(project)
    assert_progress_is_the_average_of_who_takes_part(project)
    assert_tags_are_lists(project)
    assert_moving_again_changes_nothing(project)


@pytest.mark.long
@pytest.mark.parametrize(("old", "new"), CROSSED)
def test_the_same_mappings_move_between_kinds(database: Callable[..., str], old: str, new: str) -> None:
    with samples(database, old, new, 0.1) as project:
        assert_moved_and_equal(project)
        assert_people_kept_their_coupons(project)
        assert_wall_clocks_became_instants(project)
        assert_moving_again_changes_nothing(project)


def assert_moved_and_equal(project: Project) -> None:
    assert [(d.range.name, d.error) for d in move_everything(project) if d.error] == []
    status = table_status(project)
    # Nobody has moved the images yet.
    assert {s.root: s.state for s in status} == {
        root: "images" if any(bound.images for bound in move.bounds) else "done"
        for root, move in project.moves.items()
    }
    results = summarise(project, compare_everything(project), status)
    assert [result for result in results if not result.ok] == []
    assert {result.target for result in results} == set(project.registry.targets)


def assert_people_kept_their_coupons(project: Project) -> None:
    """Through two schemas' keys: the coupon's owner has the old owner's address."""
    owners = rows(
        project.old["shop"].engine,
        "SELECT c.cpn_no, lower(trim(coalesce(s.email, m.email))) FROM tb_coupon c "
        "JOIN tb_member m ON m.mem_no = c.mem_no LEFT JOIN tb_member s ON s.mem_no = m.dup_of_no "
        "WHERE m.mem_st <> '9' AND coalesce(s.email, m.email) <> ''",
    )
    found = rows(project.new.engine, "SELECT c.id, m.email FROM coupon c JOIN member m ON m.id = c.member_id")
    assert len(owners) > 100
    assert set(owners) <= set(found)


def assert_one_person_is_one_row(project: Project) -> None:
    shop = addresses(project, "shop", "SELECT email FROM tb_member WHERE mem_st <> '9' AND dup_of_no = 0")
    community = addresses(project, "community", "SELECT email_addr FROM cm_member WHERE left_ymd = ''")
    both = rows(
        project.new.engine, "SELECT email FROM member WHERE name IS NOT NULL AND nickname IS NOT NULL"
    )
    assert {email for (email,) in both} == shop & community
    assert shop & community
    # Those whom the copy by hand brought along keep the ids that it gave them.
    kept = rows(project.new.engine, "SELECT count(*) FROM member WHERE name IS NOT NULL AND id >= 5000")
    assert kept[0][0] > 0


def addresses(project: Project, name: str, query: str) -> set[str]:
    return {email.strip(" ").lower() for (email,) in rows(project.old[name].engine, query)} - {""}


def assert_wall_clocks_became_instants(project: Project) -> None:
    """The shop's clock is nine hours ahead of UTC; the community's is UTC."""
    old = rows(project.old["shop"].engine, "SELECT order_no, ord_dt, pay_dt FROM tb_order")
    new = {
        key: times
        for key, *times in rows(project.new.engine, "SELECT order_no, ordered_at, paid_at FROM orders")
    }
    for key, *times in old:
        assert [instant(time) for time in new[key]] == [shifted(time, 9) for time in times], key
    unpaid = [key for key, (_, paid) in new.items() if paid is None]
    assert 0 < len(unpaid) < len(new)
    written = rows(project.old["community"].engine, "SELECT post_no, wr_dt FROM cm_post")
    posts = dict(rows(project.new.engine, "SELECT id, created_at FROM post"))
    assert {key: instant(time) for key, time in posts.items()} == {
        key: shifted(time, 0) for key, time in written
    }


def shifted(wall: Any, hours: int) -> datetime | None:
    """What a clock ``hours`` ahead of UTC shows, in UTC; None for no date."""
    text = str(wall)
    if text < "1000":
        return None
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc) - timedelta(hours=hours)


def instant(value: Any) -> datetime | None:
    """A stored instant, whichever type the database has for it."""
    if value is None:
        return None
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return found.astimezone(timezone.utc) if found.tzinfo else found.replace(tzinfo=timezone.utc)


def assert_progress_is_the_average_of_who_takes_part(project: Project) -> None:
    progress: dict[str, list[Decimal]] = {}
    old = project.old["study"].engine
    for title, text, left in rows(
        old,
        "SELECT s.title, p.prog_txt, p.out_dt FROM pomodoro_study s "
        "JOIN pomodoro_participant p ON p.study_no = s.study_no",
    ):
        if str(left) < "1000":
            number = Decimal(text.replace("%", "").replace(" ", "") or 0)
            progress.setdefault(title.strip(" "), []).append(min(number, Decimal(100)))
    titles = [title.strip(" ") for (title,) in rows(old, "SELECT title FROM pomodoro_study")]
    once = {title for title in titles if titles.count(title) == 1}
    found = [(t, p) for t, p in rows(project.new.engine, "SELECT title, progress FROM study") if t in once]
    assert len(found) > 3
    for title, number in found:
        numbers = progress.get(title, [Decimal(0)])
        assert abs(Decimal(str(number)) - sum(numbers, Decimal(0)) / len(numbers)) <= Decimal("0.01"), title


def assert_tags_are_lists(project: Project) -> None:
    words = dict(rows(project.old["shop"].engine, "SELECT prod_no, kw_txt FROM tb_product"))
    length = {
        "sqlite": "json_array_length(tags)",
        "mysql": "json_length(tags)",
        "postgresql": "jsonb_array_length(tags)",
    }
    found = rows(project.new.engine, f"SELECT id, {length[project.dialect.family]} FROM product")
    for key, number in found:
        text = words[key]
        for mark in "#,;":
            text = text.replace(mark, " ")
        assert number == len(set(text.split())), key


def assert_moving_again_changes_nothing(project: Project) -> None:
    for done in move_everything(project):
        assert done.error is None
        assert (done.range.written, done.range.deleted, done.range.rejected) == (0, 0, 0), done.range.name
        assert done.range.unchanged > 0


def rows(engine: sa.Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]
