"""Sync by a high-water column: what it sees, and what it says it doesn't."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from changeover.capture import incremental
from changeover.capture.incremental import sweep
from changeover.errors import MappingError
from changeover.mapping import Mapping, old
from changeover.planning import plan
from changeover.project import Project
from changeover.transfer import backfill
from tests.transfer.rig import KINDS, Rig, copy

every_kind = pytest.mark.parametrize("kind", KINDS)
NEVER = threading.Event()
ROOT = "shop.note"


def notes(r: Rig, count: int = 30, water: str = "changed_at") -> Project:
    moment = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    table = sa.Table(
        "note",
        sa.MetaData(),
        sa.Column("no", sa.Integer, primary_key=True),
        sa.Column("t", sa.String(30)),
        sa.Column("changed_at", moment),
    )
    table.create(r.old)
    r.run(
        r.old,
        *(
            f"INSERT INTO note VALUES ({n}, 't{n}', '2026-01-01 00:{n % 60:02}:00.5')"
            for n in range(1, count + 1)
        ),
    )
    sa.Table(
        "notes",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("t", sa.String(30)),
    ).create(r.new)
    note = old("shop", "note")
    return r.project(Mapping("notes", note, {"t": note.t}, high_water=note[water]))


def texts(r: Rig) -> dict[int, str]:
    return dict(r.rows("notes"))


@every_kind
def test_new_and_changed_rows_are_found_from_before_the_backfill_on(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind)
    project = notes(r)
    assert sweep(project, ROOT, stop=NEVER).keys_applied == 0, (
        "nothing is copied yet: the backfill will do it"
    )
    plan(project, ROOT)
    r.run(r.old, "UPDATE note SET t = 'before', changed_at = '2026-01-01 01:00:00' WHERE no = 3")
    list(backfill(project, ROOT))
    r.run(
        r.old,
        "UPDATE note SET t = 'after', changed_at = '2026-01-01 02:00:00' WHERE no = 4",
        "INSERT INTO note VALUES (100, 'new', '2026-01-01 02:00:00')",
    )
    swept = sweep(project, ROOT, stop=NEVER)
    assert (swept.inserted, swept.updated) == (1, 1)
    assert texts(r) == {**{n: f"t{n}" for n in range(1, 31)}, 3: "before", 4: "after", 100: "new"}
    again = sweep(project, ROOT, stop=NEVER)
    assert (again.inserted, again.updated, again.deleted) == (0, 0, 0)


@every_kind
def test_a_transaction_that_commits_late_is_found_within_the_overlap(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind)
    project = notes(r)
    copy(project)
    r.run(r.old, "UPDATE note SET t = 'early', changed_at = '2026-01-01 05:00:00' WHERE no = 1")
    sweep(project, ROOT, stop=NEVER)
    r.run(r.old, "UPDATE note SET t = 'late', changed_at = '2026-01-01 04:55:00' WHERE no = 2")
    sweep(project, ROOT, stop=NEVER)
    assert texts(r)[2] == "late"


@every_kind
def test_a_first_sweep_after_the_backfill_reads_all_of_the_column_in_pages(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incremental, "PAGE", 7)
    r = rig(kind)
    project = notes(r, 100)  # several rows share each time
    copy(project)
    r.run(r.old, "UPDATE note SET t = 'changed' WHERE no IN (1, 61, 62)")
    swept = sweep(project, ROOT, stop=NEVER)
    assert (swept.keys_applied, swept.updated) == (100, 3)


@every_kind
def test_a_deleted_row_is_not_seen_until_its_range_is_run_again(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = notes(r)
    copy(project)
    sweep(project, ROOT, stop=NEVER)
    r.run(r.old, "DELETE FROM note WHERE no = 9")
    sweep(project, ROOT, stop=NEVER)
    assert 9 in texts(r)
    copy(project)
    assert 9 not in texts(r)


@every_kind
def test_a_key_that_only_grows_can_be_the_column(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = notes(r, water="no")
    sweep(project, ROOT, stop=NEVER)
    copy(project)
    r.run(r.old, "INSERT INTO note VALUES (2000, 'new', NULL)")
    assert sweep(project, ROOT, stop=NEVER).inserted == 1


def test_a_column_that_does_not_grow_is_refused(rig: Callable[..., Rig]) -> None:
    r = rig("sqlite")
    with pytest.raises(MappingError, match=r"column t: a high-water column is"):
        sweep(notes(r, water="t"), ROOT, stop=NEVER)
