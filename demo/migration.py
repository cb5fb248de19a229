"""The migration itself: planned and copied by Dagster's runs, watched from the ledger, compared in the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from sqlalchemy import exc

from changeover.ledger.rejects import open_rejects
from changeover.ledger.status import TableStatus, table_status
from changeover.project import Project
from changeover.transfer import RangeCompared
from demo.comparison import compare_all
from demo.images import looked_at, progress_of
from demo.live import PATIENCE, Lag, left_to_apply
from demo.progress import Display, Look
from pipelines.launch import Launched, launch_everything, switch_on

LOOK_SECONDS = 0.5
REJECTS_SHOWN = 10
SAY_SECONDS = 15.0
"""Between lines that say what is waited for."""


def copy_everything(
    project: Project,
    display: Display,
    work: Launching,
    check: Callable[[], None],
    lag: Lag | None = None,
) -> tuple[Launched, ...]:
    """Let ``work`` plan and copy all tables by runs that the UI shows. Returns the runs, all of them ended.

    Parameters: ``check`` raises when a process that is needed has ended; ``lag`` is kept up to date where there is live sync.
    Raises: what ``check`` and `launch_everything` raise.
    """
    work.start()
    tables: Sequence[TableStatus] = ()
    while work.is_alive():
        check()
        tables = _looked(project, lag) or tables
        display.show(Look(tables, work.runs, syncs=lag.syncs if lag else (), images=_images(project, tables)))
        work.join(LOOK_SECONDS)
    if work.error is not None:
        raise work.error
    tables = _looked(project, lag) or tables
    display.show(Look(tables, work.runs, syncs=lag.syncs if lag else (), images=_images(project, tables)))
    return work.runs


def catch_up(
    project: Project, display: Display, runs: Sequence[Launched], check: Callable[[], None], lag: Lag
) -> str:
    """Wait until live sync has applied all that was written. Returns what is left after `PATIENCE`, in words."""
    until, left, said = time.monotonic() + PATIENCE, "nothing was looked at", time.monotonic()
    while left and time.monotonic() < until:
        if time.monotonic() - said > SAY_SECONDS:
            said = time.monotonic()
            display.say(f"still to be applied: {left}")
        check()
        display.show(Look(_looked(project, lag) or (), runs, syncs=lag.syncs))
        try:
            left = left_to_apply(project)
        except exc.OperationalError:  # SQLite, busy
            continue
        if left:
            time.sleep(LOOK_SECONDS)
    if left:
        with project.reading() as connection:
            for one in open_rejects(connection, limit=REJECTS_SHOWN):
                display.say(f"{one.mapping}, key {one.root_key}, {one.kind}: {one.reason}")
    return left


def compare_everything(
    project: Project, display: Display, runs: Sequence[Launched]
) -> tuple[list[RangeCompared], list[TableStatus]]:
    """Compare all tables. Returns the comparisons, and the status that the ledger ends with."""
    status = table_status(project)
    rows: dict[str, int] = {}
    verdicts: dict[str, str] = {}
    lock = threading.Lock()

    def on_rows(root: str, number: int) -> None:
        with lock:
            rows[root] = rows.get(root, 0) + number
            display.show(Look(status, runs, dict(rows), dict(verdicts)))

    def on_root(found: Sequence[RangeCompared]) -> None:
        with lock:
            for root in {one.range.root for one in found}:
                equal = all(one.equal and not one.rejected for one in found)
                verdicts[root] = "same" if equal else "different"
            display.show(Look(status, runs, dict(rows), dict(verdicts)))

    return compare_all(project, on_rows, on_root), status


class Launching(threading.Thread):
    """Drives Dagster; it is left behind when the demo is interrupted, and ends with Dagster.

    Parameters: ``sensors`` are switched on first; ``only_missing`` leaves out ranges that were copied.
    """

    def __init__(self, url: str, sensors: Sequence[str] = (), *, only_missing: bool = False) -> None:
        super().__init__(name="launch", daemon=True)
        self.url, self.sensors, self.only_missing = url, sensors, only_missing
        self.runs: tuple[Launched, ...] = ()
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            switch_on(self.url, self.sensors)
            self.runs = launch_everything(
                self.url, compare=False, on_progress=self._seen, only_missing=self.only_missing
            )
        except Exception as error:  # noqa: BLE001 - handed to the thread that waits
            self.error = error

    def _seen(self, runs: tuple[Launched, ...]) -> None:
        self.runs = runs


def _images(project: Project, tables: Sequence[TableStatus]) -> str:
    """How far the images are; nothing before there are tables, and while a writer keeps SQLite busy."""
    try:
        return progress_of(looked_at(project)) if tables else ""
    except exc.OperationalError:
        return ""


def _looked(project: Project, lag: Lag | None) -> list[TableStatus] | None:
    """The ledger's status; None while a writer keeps SQLite busy, and nobody is the worse for a look less."""
    try:
        found = table_status(project)
        if lag is not None:
            with project.reading() as connection:
                lag.look(connection)
    except exc.OperationalError:
        time.sleep(LOOK_SECONDS)
        return None
    return found if any(table.ranges_total for table in found) else None
