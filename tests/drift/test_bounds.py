"""However much differs, and however long a range takes, only so much is held at a time, and nothing is left out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from changeover.drift import RangeVerified, one_range, resync, tally, verify
from changeover.drift.place import Place
from changeover.drift.verify import due, verify_until
from changeover.ledger import drift as ledger_drift
from changeover.ledger import verified as ledger
from changeover.ledger.drift import MORE
from changeover.ledger.verified import Pass
from changeover.mapping import Mapping, old
from changeover.project import Project
from tests.drift.rig import drift, mended, verified
from tests.transfer.rig import KINDS, Rig, copy

Rigs = Callable[..., Rig]
ROOT = "shop.person"
ROWS = 200
every_kind = pytest.mark.parametrize("kind", KINDS)


def people(r: Rig, *, text_key: bool = False, exclusive: bool = True) -> Project:
    key = sa.String(20) if text_key else sa.Integer()
    table = sa.Table(
        "person", sa.MetaData(), sa.Column("no", key, primary_key=True), sa.Column("nm", sa.String(30))
    )
    table.create(r.old)
    with r.old.begin() as connection:
        rows = [{"no": f"k{n:04}" if text_key else n, "nm": f"n{n}"} for n in range(1, ROWS + 1)]
        connection.execute(table.insert(), rows)
    sa.Table(
        "people",
        sa.MetaData(),
        sa.Column("id", sa.String(20) if text_key else sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(30)),
    ).create(r.new)
    person = old("shop", "person")
    columns = {"id": person.no, "name": person.nm} if text_key else {"name": person.nm}
    project = r.project(Mapping("people", person, columns, exclusive=exclusive))
    copy(project, rows_per_range=100)
    return project


def begun(project: Project) -> Pass:
    with project.new.engine.begin() as connection:
        return ledger.begin(connection, "test", "checksums")


@pytest.mark.parametrize("text_key", [False, True])
@every_kind
def test_a_table_that_drifted_as_a_whole_is_counted_in_full_and_mended_by_its_ranges(
    rig: Rigs, kind: str, text_key: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "MOST_LISTED", 5)
    r = rig(kind)
    project = people(r, text_key=text_key)
    first, last = ("'k0001'", "'k0100'") if text_key else ("1", "100")
    r.run(r.new, f"UPDATE people SET name = 'by hand' WHERE id > {last}")
    r.run(r.new, f"DELETE FROM people WHERE id > {first} AND id <= {last}")
    r.run(r.old, f"DELETE FROM person WHERE no = {first}")
    found = verified(project)
    assert [one.drifted for one in found if one.range.no] == [100, 100]
    assert all(len(one.findings) <= 6 for one in found)
    (bound,) = project.move(ROOT).bounds
    with project.reading() as connection:
        assert ledger_drift.open_counts(connection) == {"people": 200}
        assert ledger.overview(connection, {})[ROOT].drifted == 200
        kinds = Counter[str]()
        for one in ledger_drift.counted(connection, bound.id):
            kinds[one.kind] += one.rows
    assert kinds == {"missing": 99, "extra": 1, "different": 100}

    assert Counter(one.action for one in mended(project, dry_run=True)) == {
        "insert": 99,
        "delete": 1,
        "update": 100,
    }
    assert [one.drifted for one in verified(project) if one.range.no] == [100, 100]
    assert all(one.mended for one in mended(project))
    with project.reading() as connection:
        assert ledger_drift.findings(connection, more=True) == []
        assert {one.result for one in ledger.verified(connection, [bound.id]) if one.range_no} == {"mended"}
    assert all(one.equal for one in verified(project))


def test_what_a_whole_range_leaves_is_listed_and_stays_open(
    rig: Rigs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "MOST_LISTED", 5)
    r = rig("mariadb")
    project = people(r, exclusive=False)
    r.run(r.new, "UPDATE people SET name = 'by hand' WHERE id <= 50")
    r.run(r.old, "DELETE FROM person WHERE no IN (7, 8)")
    verified(project)
    done = list(resync(project, ROOT))
    assert Counter(one.action for one in done) == {"update": 48, "leave": 2}
    with project.reading() as connection:
        left = ledger_drift.findings(connection, more=True)
    assert {(one.key, one.kind) for one in left} == {("7", "extra"), ("8", "extra")}
    assert drift(project, verified(project)) == {"people": {"7": ("extra", ()), "8": ("extra", ())}}


def test_the_same_unlisted_rows_are_the_same_finding_and_others_another(
    rig: Rigs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "MOST_LISTED", 5)
    r = rig("mariadb")
    project = people(r)
    r.run(r.new, "UPDATE people SET name = 'by hand' WHERE id <= 50")
    first, second = verified(project, workers=1)[0], verified(project, workers=1)[0]
    assert first.digest == second.digest
    assert [one.kind for one in first.findings].count(MORE) == 1
    r.run(r.new, "UPDATE people SET name = 'by hand' WHERE id <= 60")
    assert verified(project, workers=1)[0].digest != first.digest


@every_kind
def test_a_range_that_takes_longer_is_gone_on_with_from_its_place(
    rig: Rigs, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_range, "ROWS_SUMMED", 10)
    monkeypatch.setattr(one_range, "MOST_SUMMED", 10)
    r = rig(kind)
    project = people(r)
    r.run(r.new, "UPDATE people SET name = 'by hand' WHERE id IN (3, 55, 95)")
    one = begun(project)
    found = due(project, ROOT, one=one)[0]
    ended: RangeVerified | Place | None = None
    positions: list[str] = []
    began = set[object]()
    while not isinstance(ended, RangeVerified):
        ended = verify_until(project, found, one, 0.0, ended)
        if isinstance(ended, Place):
            ended = Place.load(ended.dump())
            positions += ended.position or ()
            began.add(ended.started_at)
    assert positions == ["0", *(f"{n}0" for n in range(1, 11))]
    (result,) = ended.results
    assert (result.compared, result.different) == (100, 3)
    assert began == {result.started_at}
    assert {finding.key for finding in ended.findings} == {"3", "55", "95"}


def test_a_place_in_another_range_or_pass_is_not_gone_on_with(rig: Rigs) -> None:
    r = rig("sqlite")
    project = people(r)
    one = begun(project)
    first, second, _ = due(project, ROOT, one=one)
    place = verify_until(project, first, one, 0.0)
    assert isinstance(place, Place)
    place.position = first.upper
    later = time.monotonic() + 60
    other = verify_until(project, second, one, later, place)
    assert isinstance(other, RangeVerified)
    assert other.results[0].compared == 100
    list(verify(project, ROOT, [first], one))
    with project.new.engine.begin() as connection:
        ledger.finish(connection, one)
    again = verify_until(project, first, begun(project), later, place)
    assert isinstance(again, RangeVerified)
    assert again.results[0].compared == 100
