"""The migration itself: planned and copied by Dagster's runs, watched from the ledger, compared in the end."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import exc

from assets.component import components
from changeover.ledger.clock import now
from changeover.ledger.rejects import open_rejects
from changeover.ledger.status import TableStatus, table_status
from changeover.project import Project
from demo.comparison import Compared, compared_since
from demo.images import looked_at, progress_of
from demo.live import PATIENCE, Lag, left_to_apply
from demo.progress import Display, Look
from pipelines.launch import Launched, OnProgress, launch_everything, launch_job, switch_on
from pipelines.verify_tables import JOB as VERIFY
from pipelines.verify_tables import deep

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
    project: Project, display: Display, runs: Sequence[Launched], url: str, check: Callable[[], None]
) -> tuple[list[Compared], list[TableStatus], Launched]:
    """Let a run of Dagster's compare all tables value by value, so that its checks say so. Returns what came of it, the status that
    the ledger ends with, and the run.

    Raises: what ``check`` and `launch_job` raise.
    """
    status, since = table_status(project), now()
    config = deep(components(project.registry))
    work = Launching(lambda seen: (launch_job(url, VERIFY, config, on_progress=seen),))
    work.start()
    while work.is_alive():
        check()
        display.show(_compared(project, since, status, (*runs, *work.runs)))
        work.join(LOOK_SECONDS)
    if work.error is not None:
        raise work.error
    display.show(_compared(project, since, status, (*runs, *work.runs)))
    return list(compared_since(project, since)), status, work.runs[-1]


def _compared(
    project: Project, since: datetime, status: Sequence[TableStatus], runs: Sequence[Launched]
) -> Look:
    try:
        found = list(compared_since(project, since))
    except exc.OperationalError:  # SQLite, busy
        return Look(status, runs, {}, {})
    rows: Counter[str] = Counter()
    for one in found:
        rows[one.root] += one.old
    verdicts = {
        root: "same" if all(one.equal for one in found if one.root == root) else "different"
        for root in rows
        if all(one.whole for one in found if one.root == root)
    }
    return Look(status, runs, {root: number for root, number in rows.items() if number}, verdicts)


class Launching(threading.Thread):
    """Drives Dagster; it is left behind when the demo is interrupted, and ends with Dagster.

    Parameters: ``work`` launches runs, tells of them as it goes on, and returns them when they have ended.
    """

    def __init__(self, work: Callable[[OnProgress], tuple[Launched, ...]]) -> None:
        super().__init__(name="launch", daemon=True)
        self.work = work
        self.runs: tuple[Launched, ...] = ()
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.runs = self.work(self._seen)
        except Exception as error:  # noqa: BLE001 - handed to the thread that waits
            self.error = error

    def _seen(self, runs: tuple[Launched, ...]) -> None:
        self.runs = runs


def copying(url: str, switched_on: Sequence[str] = (), *, only_missing: bool = False) -> Launching:
    """Plans and copies everything.

    Parameters: ``switched_on`` are sensors, started first; ``only_missing`` leaves out ranges that were copied.
    """

    def work(seen: OnProgress) -> tuple[Launched, ...]:
        switch_on(url, switched_on)
        return launch_everything(url, compare=False, on_progress=seen, only_missing=only_missing)

    return Launching(work)


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
