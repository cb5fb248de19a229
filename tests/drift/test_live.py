"""Verification beside traffic, live sync and backfills: nothing that is right is called drift, and what is wrong is found."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from changeover.binding import Bound
from changeover.capture.install import install
from changeover.drift import RangeVerified, verify
from changeover.drift.whole_table import looked_for
from changeover.ledger import verified as ledger
from changeover.ledger.ranges import whole_table
from changeover.planning import plan
from changeover.project import Project
from changeover.transfer import backfill, unrooted
from tests.capture.chaos import Chaos, chaos
from tests.capture.test_chaos import RATE, sampled, server_of
from tests.drift.rig import drift, mended, verified

SECONDS = 90.0
SEED = 5


def _kept(run: Chaos) -> None:
    """All programs go on."""
    for program in run.programs.values():
        if program.ended() or not program.running:
            program.start(run.environment)


def _whole_tables(project: Project) -> list[RangeVerified]:
    """The look for rows without a root, which a pass leaves out while some range is being copied."""
    with project.new.engine.begin() as connection:
        one = ledger.begin(connection, "tables", "checksums")
    roots = [root for root, move in project.moves.items() if looked_for(project, move)]
    found = [done for root in roots for done in verify(project, root, [whole_table(root)], one)]
    assert len(found) == len(roots) > 5
    return found


def _nobody_else_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is here: each row of the new side was made by what is tested."""
    ask = unrooted.why_not

    def why_not(project: Project, bound: Bound) -> str:
        return ask(project, replace(bound, mapping=replace(bound.mapping, exclusive=True)))

    monkeypatch.setattr(unrooted, "why_not", why_not)


def _false_alarms(project: Project, run: Chaos) -> tuple[int, list[str]]:
    """Passes over everything, for a while: how many ranges were looked at, and what was called drift."""
    ranges = 0
    alarms: list[str] = []
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        _kept(run)
        found = verified(project) + _whole_tables(project)
        ranges += len(found)
        alarms += [
            f"{table} {key} {what}"
            for table, rows in drift(project, found).items()
            for key, what in rows.items()
        ]
    return ranges, alarms


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["mariadb", "postgres"])
def test_no_false_alarm_while_everything_is_in_use(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _nobody_else_writes(monkeypatch)
    with server_of(kind) as server, sampled(server) as project:
        for root in project.moves:
            plan(project, root, rows_per_range=400)
        install(project)
        for root in project.moves:
            list(backfill(project, root))
        with project.new.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE product SET stock = stock + 1 WHERE id IN (3, 5)")
        assert {k: set(v) for k, v in drift(project, verified(project)).items()} == {"product": {"3", "5"}}
        assert all(one.mended for one in mended(project))
        assert drift(project, verified(project)) == {}
        with chaos(server, project, tmp_path, SEED, RATE) as run:
            ranges, alarms = _false_alarms(project, run)
        assert alarms == []
        assert ranges > 100
