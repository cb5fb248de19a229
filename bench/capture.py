"""Capture: what triggers cost the old application, how far live sync is behind, and how fast it catches up."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

from bench import fill, mappings
from bench.figure import Figure, Taken, by_turns, ratio
from bench.site import Database, Site, project
from bench.tables import NEW
from bench.writing import Application
from changeover.capture import outbox, sync
from changeover.capture.install import install
from changeover.ledger.tables import metadata
from changeover.planning import plan
from changeover.project import Project
from changeover.transfer import backfill
from changeover.transfer.apply import apply
from changeover.transfer.chunk import Keys
from changeover.transfer.id_pool import Pool

SINGLE, BULK = 100, 20_000
"""Changes of one slice: a transaction each, or all in one statement."""
SINGLE_SLICES, BULK_SLICES = 60, 3
"""Slices on each side for each round that is asked for. Short ones that take turns meet the same disk and the same neighbours."""
PROMISED = {
    "autocommit insert": 0.95,
    "autocommit update": 0.85,
    "bulk insert": 0.5,
    "bulk update": 0.5,
    "bulk delete": 0.5,
}
RATE = 500
LAG_P95, LAG_AFTER, AFTER_SECONDS = 2.0, 1.0, 5.0
CALM_SECONDS = 10.0
"""Of live sync alone, before the backfill begins; and at the most as many times three after its end."""
LOOK_SECONDS = 0.1
QUEUED, ONE_BY_ONE = 200_000, 2_000
TIMES = 10.0


def capture(site: Site, kind: Database, rounds: int) -> list[Figure]:
    """All of it, from ``kind`` to ``kind``."""
    return [*writing(site, kind, rounds), *lag(site, kind), *catching_up(site, kind)]


def writing(site: Site, kind: Database, rounds: int) -> list[Figure]:
    """The old application's write rate with the outbox, against without: two old databases with the same rows, in turns.

    Their server flushes each commit, as an application's does: a transaction is then mostly that.
    """
    group = f"writing to {kind} with an outbox"
    rows = min(site.rows, 200_000)
    with (
        site.another_old(kind, rows, durable=True) as plain,
        site.another_old(kind, rows, durable=True) as watched,
        site.new(kind) as new,
    ):
        with project(watched, new) as opened:
            install(opened)
        sides = {"without": Application(plain, rows), "with": Application(watched, rows)}
        figures = [
            figure
            for name, least in PROMISED.items()
            for figure in _priced(group, sides, name, least, min(BULK, rows), rounds)
        ]
        for application in sides.values():
            application.close()
    return figures


def _priced(
    group: str, sides: Mapping[str, Application], name: str, least: float, bulk: int, rounds: int
) -> Iterator[Figure]:
    single = "autocommit" in name
    count, slices = (SINGLE, SINGLE_SLICES) if single else (bulk, BULK_SLICES)
    for application in sides.values():
        application.forget_changes()
    taken = by_turns({side: _measured(a, name, count) for side, a in sides.items()}, slices * rounds)
    if sides["with"].noted() < count * slices * rounds:
        raise RuntimeError(f"{group}: {name} left fewer entries than changes")
    medians = {side: statistics.median(one.seconds for one in each) for side, each in taken.items()}
    for side, seconds in medians.items():
        yield Figure(group, f"{name}, {side}", count / seconds / 1000, "thousand rows/s")
    more = (medians["with"] - medians["without"]) / count * 1e6
    yield Figure(group, f"{name}: an entry adds", more, "µs/row")
    price = ratio(taken["with"], taken["without"])
    yield Figure(group, f"{name}: with / without", price.median, "", "at least", least)
    yield Figure(group, f"{name}: with / without, lower quartile", price.low, "")
    yield Figure(group, f"{name}: with / without, upper quartile", price.high, "")


def lag(site: Site, kind: Database) -> list[Figure]:
    """The age of the oldest change that waits, at a steady rate of changes, while a backfill runs."""
    group = f"lag at {RATE} changes a second, {kind}"
    with site.another_old(kind, site.rows) as old, site.new(kind) as new, project(old, new) as opened:
        _members(opened)
        plan(opened, mappings.COUPONS)
        install(opened)
        with _worker("sync", old, new), _steady_writer(old, site.rows), _Watch(opened) as watch:
            time.sleep(CALM_SECONDS)
            calm = watch.taken()
            began = perf_counter()
            with _worker("backfill", old, new) as copier:
                said = copier.wait()
            took, during = perf_counter() - began, watch.taken()
            if said:
                raise RuntimeError("the backfill failed")
            back = watch.until(LAG_AFTER, 3 * CALM_SECONDS)
            time.sleep(CALM_SECONDS)
            after = watch.taken()
    return [
        Figure(group, "before the backfill, p95", _percentile(calm, 95), "s"),
        Figure(group, f"backfill of {site.rows:,} rows", took, "s"),
        Figure(group, "during the backfill, p50", _percentile(during, 50), "s"),
        Figure(group, "during the backfill, p95", _percentile(during, 95), "s", "at most", LAG_P95),
        Figure(group, "during the backfill, largest", max(during), "s"),
        Figure(group, f"under {LAG_AFTER:g} s again after", back, "s", "at most", AFTER_SECONDS),
        Figure(group, "after the backfill, p95", _percentile(after, 95), "s"),
    ]


def catching_up(site: Site, kind: Database) -> list[Figure]:
    """A long queue, worked off as it is, against one apply for each row."""
    group = f"catching up, {kind}"
    queued = min(QUEUED, site.rows)
    with site.another_old(kind, queued) as old, site.new(kind) as new, project(old, new) as opened:
        _members(opened)
        plan(opened, mappings.COUPONS)
        install(opened)
        if errors := [done.error for done in backfill(opened, mappings.COUPONS) if done.error]:
            raise RuntimeError(errors[0])
        application = Application(old, queued)
        application.update_many(queued)
        application.close()
        each = _one_by_one(opened, min(ONE_BY_ONE, queued // 2))
        left = _waiting(opened)
        began = perf_counter()
        deque(sync.run(opened, "shop", stop=threading.Event(), once=True), maxlen=0)
        rate = left / (perf_counter() - began)
        if _waiting(opened):
            raise RuntimeError("the queue is not empty")
    return [
        Figure(group, f"{left:,} queued changes", rate / 1000, "thousand rows/s"),
        Figure(
            group,
            f"one apply per row, of {min(ONE_BY_ONE, queued // 2):,} rows",
            each / 1000,
            "thousand rows/s",
        ),
        Figure(group, "queue / one apply per row", rate / each, "", "at least", TIMES),
    ]


def _measured(application: Application, name: str, count: int) -> Callable[[], Taken]:
    works: dict[str, Callable[[], None]] = {
        "autocommit insert": lambda: application.insert(count),
        "autocommit update": lambda: application.update(count),
        "bulk insert": lambda: application.insert_many(count),
        "bulk update": lambda: application.update_many(count),
        "bulk delete": lambda: application.delete_many(count),
    }

    def measured() -> Taken:
        if name == "bulk delete":
            application.insert_many(count)
        began = perf_counter()
        works[name]()
        took = perf_counter() - began
        if name == "bulk insert":
            application.delete_many(count)
        return Taken(took)

    return measured


def _members(opened: Project) -> None:
    plan(opened, mappings.MEMBERS)
    for done in backfill(opened, mappings.MEMBERS):
        if done.error or done.rejects_open:
            raise RuntimeError(done.error or "members were rejected")
    fill.settle(opened.new.engine, NEW.tables["member"], metadata.tables["changeover_id_map"])


def _one_by_one(opened: Project, rows: int) -> float:
    """Rows a second when each queued change is read, applied and deleted by itself."""
    move, pool, capturing = opened.move(mappings.COUPONS), Pool(), opened.capturing("shop")
    began = perf_counter()
    for _ in range(rows):
        with capturing.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            (entry,) = outbox.entries(connection, [move.root, move.mapping.root.qualified_], 1)
        apply(opened, move, Keys((entry.key,)), pool, exclusive=True)
        with capturing.begin() as connection:
            outbox.delete(connection, [entry.id])
    return rows / (perf_counter() - began)


def _waiting(opened: Project) -> int:
    with opened.capturing("shop").connect() as connection:
        return connection.exec_driver_sql("SELECT COUNT(*) FROM changeover_outbox").scalar_one()


@contextmanager
def _worker(work: str, old: str, new: str) -> Generator[subprocess.Popen[str]]:
    """A worker process; it is asked to stop when it is left."""
    environment = {**os.environ, "CHANGEOVER_OLD_SHOP_URL": old, "CHANGEOVER_NEW_URL": new}
    with _process(
        ["-m", "bench.worker", work, "0"], {**environment, "PYTHON_DOTENV_DISABLED": "1"}
    ) as started:
        yield started


@contextmanager
def _steady_writer(old: str, rows: int) -> Generator[None]:
    command = ["-m", "bench.writing", old, str(rows), str(RATE), str(3600)]
    with _process(command, dict(os.environ)) as writer:
        yield
        if writer.poll() is not None:
            raise RuntimeError("the writer ended too early")


@contextmanager
def _process(arguments: Sequence[str], environment: dict[str, str]) -> Generator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL, text=True
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass
class _Watch:
    """Looks at the lag ten times a second, until it is left."""

    opened: Project

    def __enter__(self) -> _Watch:
        self._seen: list[float] = []
        self._last = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def taken(self) -> list[float]:
        """What was seen since the last time."""
        seen, self._seen = self._seen, []
        return seen or [self._last]

    def until(self, limit: float, most: float) -> float:
        """Seconds until the lag is below ``limit`` and has been for a second, counted to the beginning of that second."""
        began = time.monotonic()
        below = None
        while time.monotonic() - began < most:
            now = time.monotonic()
            if self._last >= limit:
                below = None
            elif below is None:
                below = now
            elif now - below > 1.0:
                return below - began
            time.sleep(LOOK_SECONDS)
        return most

    def _look(self) -> None:
        with self.opened.capturing("shop").connect() as connection:
            reading = connection.execution_options(isolation_level="AUTOCOMMIT")
            while not self._stop.wait(LOOK_SECONDS):
                self._last = sum(outbox.waiting(reading).values(), outbox.Lag()).seconds
                self._seen.append(self._last)


def _percentile(seen: Sequence[float], percent: int) -> float:
    return statistics.quantiles(seen, n=100, method="inclusive")[percent - 1] if len(seen) > 1 else seen[0]
