"""Rows that no root ever led to: found in tables that nobody else writes, and there alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from changeover.drift import tally, verify, whole_table
from changeover.drift.report import report
from changeover.drift.verify import due
from changeover.ledger import verified as ledger
from changeover.ledger.drift import findings
from changeover.ledger.ranges import whole_table as whole_table_of
from changeover.mapping import Assigned, Computed, Keep, Mapping, old
from changeover.project import Project
from changeover.transfer import unrooted
from changeover.transfer.apply import apply
from changeover.transfer.chunk import Keys
from changeover.transfer.id_pool import Pool
from tests.capture.scene import clear, installed
from tests.drift.rig import drift, mended, verified
from tests.races.gate import after
from tests.transfer.rig import KINDS, Rig, copy

every_kind = pytest.mark.parametrize("kind", KINDS)
servers = pytest.mark.parametrize("kind", ["mariadb", "postgres"])
ROWS = 30
_big = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _mapping(ids: str, **options: Any) -> Mapping:
    person = old("shop", "person")
    if ids == "mapped":
        return Mapping("people", person, {"name": person.nm, "id": person.other}, ids=Computed(), **options)
    rule = Assigned() if ids == "assigned" else Keep()
    return Mapping("people", person, {"name": person.nm}, ids=rule, **options)


def moved(r: Rig, ids: str, *, exclusive: bool = True, captured: bool = False) -> Project:
    """A copied table of people."""
    table = sa.Table(
        "person",
        sa.MetaData(),
        sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("other", sa.Integer, nullable=False, unique=True),
        sa.Column("nm", sa.String(30)),
    )
    table.create(r.old)
    with r.old.begin() as connection:
        people = [{"no": n, "other": n + 100, "nm": f"n{n}"} for n in range(1, ROWS + 1)]
        connection.execute(table.insert(), people)
    new = sa.MetaData()
    people = sa.Table(
        "people",
        new,
        sa.Column("id", _big, primary_key=True, autoincrement=ids == "assigned"),
        sa.Column("name", sa.String(30)),
    )
    sa.Table(
        "visit",
        new,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("people_id", _big, sa.ForeignKey(people.c.id, ondelete="CASCADE")),
    )
    new.create_all(r.new)
    mapping = _mapping(ids, exclusive=exclusive)
    project = installed(r, mapping) if captured else r.project(mapping)
    copy(project, rows_per_range=10)
    return project


def by_hand(r: Rig, *ids: int) -> None:
    for number in ids:
        r.run(r.new, f"INSERT INTO people (id, name) VALUES ({number}, 'by hand')")


def names(r: Rig) -> list[str]:
    with r.new.connect() as connection:
        return sorted(connection.execute(sa.text("SELECT name FROM people")).scalars())


def extra(project: Project) -> set[str]:
    """The keys of rows without a root, once all of the rest was found equal."""
    found = verified(project)
    assert all(one.equal for one in found if one.range.no)
    shown = {finding.shown for one in found for finding in one.findings}
    assert {kind for rows in drift(project, found).values() for kind, _ in rows.values()} <= {"extra"}
    return shown


SHOWN = {"assigned": "(none) row {}", "mapped": "(none) row {}", "direct": "{}"}


@every_kind
@pytest.mark.parametrize("ids", ["assigned", "mapped", "direct"])
def test_a_row_that_no_root_leads_to_is_found_told_and_deleted(
    rig: Callable[..., Rig], kind: str, ids: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_table, "ROWS", 7)
    monkeypatch.setattr(whole_table, "ROWS_FETCHED", 7)
    r = rig(kind)
    project = moved(r, ids)
    assert extra(project) == set()
    by_hand(r, 700001, 700002)
    wanted = {SHOWN[ids].format(key) for key in (700001, 700002)}
    assert extra(project) == wanted
    told = {(one.key, one.kind, one.action, one.mended) for one in mended(project, dry_run=True)}
    assert told == {(key, "extra", "delete", False) for key in wanted}
    assert len(names(r)) == ROWS + 2
    assert all(one.mended for one in mended(project))
    assert names(r) == sorted(f"n{n}" for n in range(1, ROWS + 1))
    assert extra(project) == set()


@every_kind
@pytest.mark.parametrize("ids", ["assigned", "mapped", "direct"])
def test_where_others_may_write_the_table_it_is_not_looked_for(
    rig: Callable[..., Rig], kind: str, ids: str
) -> None:
    r = rig(kind)
    project = moved(r, ids, exclusive=False)
    by_hand(r, 700001)
    assert extra(project) == set()
    with project.new.engine.begin() as connection:
        one = ledger.begin(connection, "report", "checksums")
    (table,) = report(project, one, {"shop.person": None}, sampled=False).tables
    assert table.without_root.startswith("not looked for: ")


@every_kind
def test_what_was_found_is_left_once_the_mapping_says_that_others_write(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind)
    project = moved(r, "assigned")
    by_hand(r, 700001)
    assert extra(project)
    shared = r.project(_mapping("assigned"))
    assert [(one.action, one.mended) for one in mended(shared)] == [("leave", False)]
    assert "by hand" in names(r)


@every_kind
def test_a_row_that_others_refer_to_stays_and_stays_found(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = moved(r, "assigned")
    by_hand(r, 700001, 700002)
    r.run(r.new, "INSERT INTO visit VALUES (1, 700001)")
    assert len(extra(project)) == 2
    assert {one.key: one.mended for one in mended(project)} == {
        "(none) row 700001": False,
        "(none) row 700002": True,
    }
    assert extra(project) == {"(none) row 700001"}
    assert len(r.rows("visit")) == 1


@every_kind
def test_more_rows_than_are_listed_are_all_deleted_but_those_that_others_refer_to(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "MOST_LISTED", 2)
    monkeypatch.setattr(whole_table, "ROWS", 4)
    r = rig(kind)
    project = moved(r, "assigned")
    by_hand(r, *range(700001, 700010))
    r.run(r.new, "INSERT INTO visit VALUES (1, 700005)")
    found = verified(project)
    assert sum(finding.rows for one in found for finding in one.findings) == 9
    assert [one.key for one in mended(project) if not one.mended] == ["(none) row 700005"]
    assert len(names(r)) == ROWS + 1
    with project.reading() as connection:
        assert [one.row for one in findings(connection, more=True)] == ["700005"]
    r.run(r.new, "DELETE FROM visit")
    assert all(one.mended for one in mended(project))
    assert extra(project) == set()


@servers
@pytest.mark.parametrize("ids", ["assigned", "mapped"])
def test_a_row_that_goes_with_its_link_while_its_page_is_looked_at_is_none(
    rig: Callable[..., Rig], kind: str, ids: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    project = moved(r, ids)

    def gone(*_: Any, **__: Any) -> None:
        r.run(r.old, "DELETE FROM person WHERE no = 3")
        apply(project, project.move("shop.person"), Keys(("3",)), Pool())

    after(monkeypatch, unrooted.Walk, "keys" if ids == "mapped" else "end", gone)
    assert extra(project) == set()
    assert "n3" not in names(r)


@every_kind
def test_a_root_that_came_after_all_ranges_has_its_row(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = moved(r, "direct", captured=True)
    r.run(r.old, "INSERT INTO person VALUES (500, 600, 'n500')")
    apply(project, project.move("shop.person"), Keys(("500",)), Pool())
    clear(r)
    assert extra(project) == set()
    r.run(r.old, "DELETE FROM person WHERE no = 500")
    assert extra(project) == set()  # its change is under way
    clear(r)
    assert extra(project) == {"500"}


def test_a_table_that_is_not_all_copied_is_not_looked_at_as_a_whole(rig: Callable[..., Rig]) -> None:
    r = rig("sqlite")
    project = moved(r, "assigned")
    with project.new.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE changeover_range SET status = 'planned' WHERE no = 3")
    by_hand(r, 700001)
    assert [one.range.no for one in verified(project)] == [1, 2]


@every_kind
def test_the_table_by_itself_can_be_asked_for_and_its_report_is_equal_only_once_it_is(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind)
    project = moved(r, "assigned")
    asked = {"shop.person": [whole_table_of("shop.person")]}

    def told() -> tuple[bool, list[tuple[str, str]]]:
        with project.new.engine.begin() as connection:
            one = ledger.begin(connection, "table", "checksums")
        list(verify(project, "shop.person", due(project, "shop.person", ["whole-table"], one), one))
        (table,) = report(project, one, asked, sampled=False).tables
        with project.new.engine.begin() as connection:
            ledger.finish(connection, one)
        return table.equal, [(one.range, one.key) for one in table.differences]

    assert told() == (True, [])
    by_hand(r, 700001)
    assert told() == (False, [("whole-table", "(none) row 700001")])
