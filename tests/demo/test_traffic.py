"""The old applications' traffic: what it writes can be moved, and it behaves as an application does."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from changeover.dialects import driver_url
from changeover.ledger.rejects import open_rejects
from changeover.project import Project
from demo.old import DOMAINS, build
from demo.old.build import DEFINED
from demo.traffic import Traffic, run
from demo.traffic.run import DOMAINS as PLAYED
from demo.traffic.work import Work
from tests.demo.migrated import ROOT, move_everything, opened, samples
from tests.races.gate import SECONDS, Background, after
from tests.transfer.rig import compared

KINDS = ("sqlite", "mariadb", "postgres")
SCALE = 0.02
ENDLESS = 3_600.0
"""Seconds, where something else ends the traffic: how much is done in a span of time is the machine's business."""


@pytest.fixture(params=KINDS)
def project(request: pytest.FixtureRequest, database: Callable[..., str]) -> Iterator[Project]:
    with samples(database, request.param, request.param, SCALE) as made:
        yield made


def url_of(project: Project, domain: str) -> str:
    return project.old[domain].engine.url.render_as_string(hide_password=False)


def everything(url: str, domain: str) -> dict[str, list[tuple[str, ...]]]:
    """All rows, as texts."""
    with opened(driver_url(url)) as engine, engine.connect() as connection:
        return {
            one.table.name: sorted(
                tuple(str(value) for value in row)
                for row in connection.execute(sa.text(f"SELECT * FROM {one.table.name}"))
            )
            for one in DEFINED[domain][1]
        }


def test_every_domain_is_played() -> None:
    assert set(PLAYED) == set(DOMAINS)


def test_what_was_written_is_moved_without_a_reject(project: Project) -> None:
    """Moved before and after: what a change leaves behind in the target shows as well."""
    assert [done.error for done in move_everything(project) if done.error] == []
    for domain in DOMAINS:
        summary = run(
            Traffic(
                url_of(project, domain),
                domain,
                rate=100_000,
                seconds=ENDLESS,
                connections=3,
                transactions=400,
            )
        )
        assert summary.uncertain == 0
        assert min(summary.committed[kind] for kind in ("insert", "update", "delete")) > 0
    for _ in range(
        3
    ):  # what is gone can be deleted after what refers to it: focus sessions, who takes part, studies
        assert [done.error for done in move_everything(project) if done.error] == []
    with project.reading() as connection:
        assert [(r.mapping, r.kind, r.column, r.reason) for r in open_rejects(connection, limit=1000)] == []
    assert [one for one in compared(project) if not one.equal] == []


def test_the_same_seed_does_the_same(database: Callable[..., str]) -> None:
    found: list[dict[str, Any]] = []
    for _ in range(2):
        url = database("sqlite", "old_shop")
        with opened(driver_url(url)) as engine:
            build("shop", engine, SCALE)
        stop = threading.Event()
        counted = run(
            Traffic(url, "shop", rate=1_000_000, seconds=ENDLESS, connections=1, seed=7, transactions=300),
            stop,
        )
        found.append({"rows": everything(url, "shop"), "committed": counted.committed})
    assert found[0] == found[1]


class Clock(threading.Event):
    """Time that passes only where somebody waits: the database takes none of it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def wait(self, timeout: float | None = None) -> bool:
        self.now += timeout or 0.0
        return self.is_set()


@pytest.mark.parametrize("kind", KINDS)
def test_it_keeps_to_the_rate(
    database: Callable[..., str], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = database(kind, "old_study")
    with opened(driver_url(url)) as engine:
        build("study", engine, SCALE)
    clock = Clock()
    monkeypatch.setattr(sys.modules[run.__module__], "time", clock)
    summary = run(Traffic(url, "study", rate=100, seconds=10, connections=1), clock)
    assert summary.document()["changes"] == sum(summary.committed.values())
    assert clock.now == summary.seconds == pytest.approx(10, abs=1.5)
    # What changed nothing counts as one change; a bulk statement may come last.
    assert summary.changes + summary.rolled_back + summary.refused > 900
    assert summary.changes < 1_500


@pytest.mark.parametrize("kind", KINDS)
def test_it_ends_cleanly_when_told_to(database: Callable[..., str], kind: str) -> None:
    url = database(kind, "old_study")
    with opened(driver_url(url)) as engine:
        build("study", engine, SCALE)
        before = newest_record(engine)
        command = [
            sys.executable,
            "-m",
            "demo.traffic",
            "--database",
            url,
            "--domain",
            "study",
            "--seconds",
            "600",
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        deadline = time.monotonic() + SECONDS
        while newest_record(engine) == before and time.monotonic() < deadline:
            time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    assert json.loads(said)["committed"]["insert"] > 0


def newest_record(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(sa.text("SELECT max(rec_no) FROM pomodoro_record")).scalar_one()


@pytest.mark.parametrize("kind", ["mariadb", "postgres"])
def test_it_goes_on_after_its_connections_were_cut(
    database: Callable[..., str], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = database(kind, "old_community")
    parsed = driver_url(url)
    with opened(parsed) as engine:
        build("community", engine, SCALE)
        stop, noticed, done = threading.Event(), threading.Event(), threading.Semaphore(0)
        after(monkeypatch, sys.modules[run.__module__], "is_passing", lambda _: noticed.set())
        after(monkeypatch, Work, "committed", lambda _: done.release())
        traffic = Traffic(url, "community", rate=100_000, seconds=ENDLESS)
        player = Background(lambda: run(traffic, stop))
        for _ in range(3):
            for _ in range(50):
                assert done.acquire(timeout=SECONDS)
            noticed.clear()
            while not noticed.wait(0.2):  # none of them may have been connected at that moment
                cut(engine)
        while done.acquire(blocking=False):
            pass
        for _ in range(50):
            assert done.acquire(timeout=SECONDS)
        stop.set()
        summary = player.result()
    assert summary.retries > 0
    assert summary.transactions >= 200


def cut(engine: sa.Engine) -> None:
    """End all other connections to the database."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
            return
        others = sa.text(
            "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
        )
        for number in connection.execute(others).scalars().all():
            with contextlib.suppress(exc.OperationalError):  # gone already
                connection.exec_driver_sql(f"KILL {number}")
