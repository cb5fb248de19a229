"""Traffic, backfills and live syncs at once, with everything killed, cut and restarted: both sides are equal when it is quiet."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from changeover.capture.install import install
from changeover.planning import plan
from changeover.project import Project
from demo.servers import PostgreSQL, PrivateServer
from tests.capture import sides
from tests.capture.chaos import chaos
from tests.conftest import MARIADB_ZONE, POSTGRES_ZONE
from tests.demo.migrated import samples
from tests.mysql_kind import Server
from tests.transfer.rig import compared

SCALE = 0.05
RATE = 150
"""Changed rows a second, of all old databases together."""
RAGE_SECONDS = 75.0
SEEDS = (1, 2)


@contextmanager
def server_of(kind: str) -> Generator[PrivateServer]:
    """A server of one's own: it is killed here."""
    zone = f"timezone={POSTGRES_ZONE}"
    made: PrivateServer = (
        PostgreSQL(["-c", zone]) if kind == "postgres" else Server([f"--default-time-zone={MARIADB_ZONE}"])
    )
    with made:
        yield made


@contextmanager
def sampled(server: PrivateServer) -> Generator[Project]:
    with samples(lambda _, name: server.create_database(name), "", "", SCALE) as project:
        yield project


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", ["mariadb", "postgres"])
@pytest.mark.parametrize("seed", SEEDS)
def test_both_sides_are_equal_after_chaos(tmp_path: Path, kind: str, seed: int) -> None:
    with server_of(kind) as server, sampled(server) as project:
        for root in project.moves:
            plan(project, root, rows_per_range=400)
        install(project)
        with chaos(server, project, tmp_path, seed, RATE) as run:
            run.rage(RAGE_SECONDS)
            run.calm_down()
            run.settle()
            assert run.happened["kill"] > 5
            assert run.broken() == []
            assert run.rejects() == []
        assert [one for one in compared(project) if not one.equal] == []
        found = sides.differences(project)
        assert not found, "\n".join(sides.shown(found))
