"""The migration itself: planned and copied by Dagster's runs, watched from the ledger, compared in the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from sqlalchemy import exc

from changeover.ledger.status import TableStatus, table_status
from changeover.project import Project
from changeover.transfer import RangeCompared
from demo.comparison import compare_all
from demo.dagster_ui import DagsterUI
from demo.progress import Display, Look
from pipelines.launch import Launched, launch_everything

LOOK_SECONDS = 0.5


def copy_everything(dagster: DagsterUI, project: Project, display: Display) -> tuple[Launched, ...]:
    """Plan and copy all tables by runs that the UI shows. Returns the runs, all of them ended.

    Raises: ProcessFailed when Dagster ends; what `launch_everything` raises.
    """
    work = _Launching(dagster.url)
    work.start()
    tables: Sequence[TableStatus] = ()
    while work.is_alive():
        dagster.check()
        tables = _looked(project) or tables
        display.show(Look(tables, work.runs))
        work.join(LOOK_SECONDS)
    if work.error is not None:
        raise work.error
    display.show(Look(_looked(project) or tables, work.runs))
    return work.runs


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


class _Launching(threading.Thread):
    """Drives Dagster; it is left behind when the demo is interrupted, and ends with Dagster."""

    def __init__(self, url: str) -> None:
        super().__init__(name="launch", daemon=True)
        self.url = url
        self.runs: tuple[Launched, ...] = ()
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.runs = launch_everything(self.url, compare=False, on_progress=self._seen)
        except Exception as error:  # noqa: BLE001 - handed to the thread that waits
            self.error = error

    def _seen(self, runs: tuple[Launched, ...]) -> None:
        self.runs = runs


def _looked(project: Project) -> list[TableStatus] | None:
    """The ledger's status; None while a writer keeps SQLite busy, and nobody is the worse for a look less."""
    try:
        found = table_status(project)
    except exc.OperationalError:
        time.sleep(LOOK_SECONDS)
        return None
    return found if any(table.ranges_total for table in found) else None
