"""Both sides change while they are compared, each time in the order that would hurt: nothing right is called drift."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa

from changeover.drift import one_range, sums
from changeover.mapping import Mapping, old
from changeover.project import Project
from changeover.transfer import differing
from changeover.transfer.apply import apply
from changeover.transfer.chunk import Keys
from changeover.transfer.id_pool import Pool
from tests.capture.scene import clear, installed
from tests.drift.rig import drift, mended, verified
from tests.races.gate import after, before
from tests.transfer.rig import KINDS, Rig, copy

every_kind = pytest.mark.parametrize("kind", KINDS)
servers = pytest.mark.parametrize("kind", ["mariadb", "postgres"])
both = pytest.mark.parametrize("depth", ["checksums", "values"])
DRIFT_3 = {"people": {"3": ("different", ("name",))}}


def people(r: Rig, *, captured: bool, rows: int = 20) -> Project:
    """A copied table, with triggers on the old one."""
    columns = [sa.Column("no", sa.Integer, primary_key=True), sa.Column("nm", sa.String(30))]
    table = sa.Table("person", sa.MetaData(), *columns)
    table.create(r.old)
    with r.old.begin() as connection:
        connection.execute(table.insert(), [{"no": n, "nm": f"n{n}"} for n in range(1, rows + 1)])
    sa.Table(
        "people",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(30)),
    ).create(r.new)
    person = old("shop", "person")
    mapping = Mapping("people", person, {"name": person.nm})
    project = installed(r, mapping) if captured else r.project(mapping)
    copy(project)
    return project


def changed_and_copied(r: Rig, project: Project, *, once: bool = True) -> Callable[..., None]:
    """The application changes row 3, and a copier, who shares the lock, copies it again."""
    turns = count(1)

    def work(*_: Any, **__: Any) -> None:
        turn = next(turns)
        if once and turn > 1:
            return
        r.run(r.old, f"UPDATE person SET nm = 'changed {turn}' WHERE no = 3")
        apply(project, project.move("shop.person"), Keys(("3",)), Pool())

    return work


@servers
@both
@pytest.mark.parametrize("captured", [True, False])
def test_a_row_copied_again_after_the_old_one_was_read_is_no_drift(
    rig: Callable[..., Rig], kind: str, depth: Any, captured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    project = people(r, captured=captured)
    r.run(r.new, "UPDATE people SET name = 'by hand' WHERE id = 5")  # so that rows are looked at one by one
    after(monkeypatch, differing, "read", changed_and_copied(r, project))
    found = verified(project, depth=depth)
    assert drift(project, found) == {"people": {"5": ("different", ("name",))}}


@servers
@both
def test_a_row_copied_again_between_the_looks_at_both_sides_is_no_drift(
    rig: Callable[..., Rig], kind: str, depth: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    project = people(r, captured=True)
    work = changed_and_copied(r, project, once=False)
    before(monkeypatch, differing, "read", work)
    for name in ("old_sums", "old_parts", "old_rows"):
        before(monkeypatch, sums.checksum, name, work)
    found = verified(project, depth=depth)
    assert drift(project, found) == {}
    # Its changes were under way each time it was looked at: it is not called compared either.
    assert [(one.results[0].result, one.results[0].hot, one.results[0].compared) for one in found] == [
        ("hot", 1, 19)
    ]


@every_kind
@both
def test_a_change_that_is_not_applied_yet_is_no_drift_and_is_drift_once_it_got_lost(
    rig: Callable[..., Rig], kind: str, depth: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_range, "WAIT_SECONDS", 0.001)
    r = rig(kind)
    project = people(r, captured=True)
    r.run(r.old, "UPDATE person SET nm = 'newer' WHERE no = 3")
    found = verified(project, depth=depth)
    assert drift(project, found) == {}
    assert [one.results[0].result for one in found] == ["hot"]
    clear(r)
    assert drift(project, verified(project, depth=depth)) == DRIFT_3


@servers
@both
def test_a_change_noted_after_the_look_began_is_seen_to_be_under_way(
    rig: Callable[..., Rig], kind: str, depth: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outbox is asked after the rows were read: asked before, it would not know what these show."""
    monkeypatch.setattr(one_range, "WAIT_SECONDS", 0.001)
    r = rig(kind)
    project = people(r, captured=True)
    if depth == "checksums":
        r.run(r.new, "UPDATE people SET name = 'by hand' WHERE id = 3")  # so that the row is read at all
    change = "UPDATE person SET nm = 'newer' WHERE no = 3"
    before(monkeypatch, differing, "read", lambda *_, **__: r.run(r.old, change))
    found = verified(project, depth=depth)
    assert drift(project, found) == {}
    assert [one.results[0].result for one in found] == ["hot"]


@every_kind
def test_a_change_that_is_applied_before_the_second_look_is_equal(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_range, "WAIT_SECONDS", 0.001)
    r = rig(kind)
    project = people(r, captured=True)
    r.run(r.old, "UPDATE person SET nm = 'newer' WHERE no = 3")

    def applied(*_: Any, **__: Any) -> None:
        apply(project, project.move("shop.person"), Keys(("3",)), Pool(), exclusive=True)

    before(monkeypatch, one_range.RangeLook, "look_again", applied)
    assert [one.results[0].result for one in verified(project)] == ["equal"]


@every_kind
def test_a_finding_whose_change_is_under_way_is_left_to_it(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = people(r, captured=True)
    r.run(r.new, "UPDATE people SET name = 'by hand' WHERE id = 3")
    assert drift(project, verified(project)) == DRIFT_3
    r.run(r.old, "UPDATE person SET nm = 'newer' WHERE no = 3")
    assert [(one.action, one.mended) for one in mended(project)] == [("wait", False)]
    clear(r)
    assert [(one.action, one.mended) for one in mended(project)] == [("update", True)]
    assert (3, "newer") in r.rows("people")


@every_kind
def test_a_row_that_no_root_explains_is_deleted_only_from_a_table_with_no_other_writer(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind)
    project = people(r, captured=False)
    r.run(r.old, "DELETE FROM person WHERE no = 3")
    extra = {"people": {"3": ("extra", ())}}
    assert drift(project, verified(project)) == extra
    assert [(one.action, one.mended) for one in mended(project)] == [("leave", False)]
    assert len(r.rows("people")) == 20
    assert drift(project, verified(project)) == extra
    person = old("shop", "person")
    alone = r.project(Mapping("people", person, {"name": person.nm}, exclusive=True))
    assert [(one.action, one.mended) for one in mended(alone)] == [("delete", True)]
    assert len(r.rows("people")) == 19


@every_kind
def test_rows_of_the_new_application_are_no_drift(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = people(r, captured=False)
    r.run(r.new, "INSERT INTO people VALUES (20000001, 'of the new application')")
    found = verified(project)
    assert all(one.equal for one in found)
    assert sum(one.results[0].compared for one in found) == 20
