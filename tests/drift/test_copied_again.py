"""A range that is copied again: what was found in it before is over, and nothing of it is compared until it is looked at again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from changeover.drift.one_range import RangeLook
from changeover.drift.verify import due
from changeover.ledger import drift as findings
from changeover.ledger import ranges
from changeover.ledger import verified as results
from changeover.ledger.status import TableStatus, table_status
from changeover.mapping import Mapping, old
from changeover.project import Project
from changeover.transfer import backfill
from tests.drift.rig import mended, verified
from tests.races.gate import after
from tests.transfer.rig import KINDS, Rig, copy

ROOT = "shop.person"
every_kind = pytest.mark.parametrize("kind", KINDS)


def people(r: Rig) -> Project:
    """Twenty rows in two ranges, copied."""
    for engine, key, name in ((r.old, "no", "nm"), (r.new, "id", "name")):
        metadata = sa.MetaData()
        table = sa.Table(
            "person" if engine is r.old else "people",
            metadata,
            sa.Column(key, sa.Integer, primary_key=True, autoincrement=False),
            sa.Column(name, sa.String(30)),
        )
        metadata.create_all(engine)
        if engine is r.old:
            r.run(engine, table.insert().values([{key: n, name: f"name {n}"} for n in range(1, 21)]))
    person = old("shop", "person")
    project = r.project(Mapping("people", person, {"name": person.nm}))
    copy(project, rows_per_range=10)
    return project


def copied_again(project: Project, number: int = 1) -> None:
    with project.reading() as connection:
        name = next(one.name for one in ranges.ranges_of(connection, ROOT) if one.no == number)
    (done,) = backfill(project, ROOT, [name])
    assert done.error is None


def status(project: Project) -> TableStatus:
    (found,) = table_status(project)
    return found


def states(project: Project) -> dict[str, str]:
    with project.reading() as connection:
        return {
            one.key: one.state for one in findings.findings(connection, states=("open", "mended", "gone"))
        }


def looks(project: Project) -> dict[int, str]:
    with project.reading() as connection:
        numbers = [bound.id for bound in project.move(ROOT).bounds]
        return {one.range_no: one.result for one in results.verified(connection, numbers)}


@every_kind
def test_what_a_whole_walk_over_its_range_made_right_is_no_drift_any_more(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind)
    project = people(r)
    r.run(r.new, "UPDATE people SET name = 'by hand' WHERE id IN (3, 15)", "DELETE FROM people WHERE id = 4")
    verified(project)
    assert status(project).drifted == 3
    copied_again(project)
    found = status(project)
    assert (found.drifted, found.ranges_verified, found.ranges_copied_again) == (1, 0, 1)
    assert states(project) == {"3": "mended", "4": "mended", "15": "open"}
    assert [one.key for one in mended(project)] == ["15"]
    verified(project)
    found = status(project)
    assert (found.drifted, found.ranges_verified, found.ranges_copied_again) == (0, 2, 0)


@every_kind
def test_what_was_equal_is_not_compared_once_it_is_copied_again(rig: Callable[..., Rig], kind: str) -> None:
    project = people(rig(kind))
    verified(project)
    assert status(project).ranges_verified == 2
    copied_again(project)
    assert looks(project) == {1: "copied", 2: "equal"}
    assert (status(project).ranges_verified, status(project).ranges_copied_again) == (1, 1)


@every_kind
def test_a_walk_that_fails_settles_nothing(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = people(r)
    r.run(r.new, "UPDATE people SET name = 'by hand' WHERE id = 3")
    verified(project)
    with project.new.engine.begin() as connection:
        found = ranges.ranges_of(connection, ROOT)[0]
        token, _ = ranges.start(connection, found, project.move(ROOT).fingerprint)
        ranges.finish(connection, found, token, error="the server went away")
    assert states(project) == {"3": "open"}


@every_kind
def test_a_walk_that_another_run_took_over_settles_nothing(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = people(r)
    r.run(r.new, "UPDATE people SET name = 'by hand' WHERE id = 3")
    verified(project)
    with project.new.engine.begin() as connection:
        found = ranges.ranges_of(connection, ROOT)[0]
        slow, _ = ranges.start(connection, found, project.move(ROOT).fingerprint)
        ranges.start(connection, found, project.move(ROOT).fingerprint)
        ranges.finish(connection, found, slow, error=None)
    assert states(project) == {"3": "open"}


@every_kind
def test_a_look_that_ends_after_the_range_was_begun_again_compared_nothing_and_keeps_what_it_found(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    project = people(r)
    r.run(r.new, "UPDATE people SET name = 'by hand' WHERE id = 3")
    begun: list[str] = []

    def begin(*_: Any, **__: Any) -> None:
        if not begun:
            with project.new.engine.begin() as connection:
                found = ranges.ranges_of(connection, ROOT)[0]
                begun.append(ranges.start(connection, found, project.move(ROOT).fingerprint)[0])

    after(monkeypatch, RangeLook, "run", begin)
    found = verified(project)
    assert sorted(one.results[0].result for one in found) == ["copied", "equal"]
    with project.new.engine.begin() as connection:
        ranges.finish(connection, ranges.ranges_of(connection, ROOT)[0], begun[0], error=None)
    # The walk may have passed the row before it was looked at.
    assert states(project) == {"3": "open"}
    assert status(project).drifted == 1


def test_a_range_that_was_copied_again_is_due_in_the_same_pass(rig: Callable[..., Rig]) -> None:
    project = people(rig("sqlite"))
    with project.new.engine.begin() as connection:
        one = results.begin(connection, "all", "checksums")
    verified(project)
    assert due(project, ROOT, one=one) == []
    copied_again(project)
    assert [found.no for found in due(project, ROOT, one=one)] == [1]
