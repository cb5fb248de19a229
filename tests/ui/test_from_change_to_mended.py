"""How long a row stays wrong that somebody changed by hand, while the sensor `find_drift` is on: measured, and printed."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from changeover.planning import plan
from changeover.project import Project
from changeover.settings import NEW_URL, old_variable
from changeover.transfer import backfill
from pipelines.find_drift import NAME, SECONDS_BETWEEN_TICKS
from tests.assets.sample.databases import Sample
from tests.capture.test_chaos import sampled, server_of
from tests.dagster_server import running_dagster
from tests.ui.live import Live

ROUNDS = 4
OVERHEAD_SECONDS = 90.0
"""Beyond the interval: a tick, Dagster's queue, and a run's start, on a machine that others use too."""


def _environment(project: Project) -> dict[str, str]:
    urls = {old_variable(name): schema.engine.url for name, schema in project.old.items()}
    return {
        name: url.render_as_string(hide_password=False)
        for name, url in {**urls, NEW_URL: project.new.engine.url}.items()
    }


def _stock(project: Project) -> int:
    with project.new.engine.connect() as connection:
        return int(connection.execute(sa.text("SELECT stock FROM product WHERE id = 3")).scalar_one())


def _seconds_until_mended(project: Project) -> float:
    right = _stock(project)
    with project.new.engine.begin() as connection:
        connection.execute(sa.text("UPDATE product SET stock = stock + 1 WHERE id = 3"))
    began = time.monotonic()
    while _stock(project) != right:
        assert time.monotonic() - began < SECONDS_BETWEEN_TICKS + OVERHEAD_SECONDS
        time.sleep(0.2)
    return time.monotonic() - began


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_changed_row_is_mended_soon_after_the_next_tick(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with server_of("mariadb") as server, sampled(server) as project:
        for root in project.moves:
            plan(project, root, rows_per_range=400)
            assert all(done.error is None for done in backfill(project, root))
        with running_dagster("assets", _environment(project)) as dagster:
            live = Live(dagster, Sample(tmp_path))
            live.start_sensor(NAME)
            took = [_seconds_until_mended(project) for _ in range(ROUNDS)]
    with capsys.disabled():
        sys.stdout.write(f"\nfrom a changed row to mended: {', '.join(f'{one:.1f} s' for one in took)}\n")
