"""One backfill over several tables: in their order, around what failed, until the end or Ctrl-C."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from changeover.cli.progress import Progress
from changeover.errors import ChangeoverError, Interrupted
from changeover.ledger import rejects
from changeover.ledger.ranges import KeyRange, ranges_of
from changeover.project import Project
from changeover.transfer import ChunkDone, RangeDone, backfill


@dataclass
class Copied:
    """What this run did to one root. Rows are counted for every target: a root with two targets counts twice."""

    root: str
    targets: tuple[str, ...]
    ranges_done: int = 0
    rows_read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    rejected: int = 0
    bytes: int = 0
    seconds: float = 0.0
    failed: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    error: str | None = None
    due: int = 0
    """Ranges that were to be copied."""
    finished: bool = False
    """Went to its end, whatever came of its ranges."""

    @property
    def rate(self) -> float:
        """Rows read a second of wall-clock time."""
        return self.rows_read / self.seconds if self.seconds else 0.0

    def chunk(self, done: ChunkDone) -> None:
        """Count a committed chunk."""
        self.rows_read += done.rows_read
        self.inserted += done.inserted
        self.updated += done.updated
        self.unchanged += done.unchanged
        self.deleted += done.deleted
        self.rejected += done.rejected
        self.bytes += done.bytes

    def range(self, done: RangeDone) -> None:
        """Count a range that ended."""
        if done.error is None:
            self.ranges_done += 1
        else:
            self.failed.append({"range": done.range.name, "error": done.error})


@dataclass(frozen=True)
class Order:
    """What is to be copied: ``ranges`` of the one root in ``roots``, or all of them; finished ones only ``again``."""

    roots: tuple[str, ...]
    ranges: tuple[str, ...] = ()
    again: bool = False
    workers: int = 2


def copy(project: Project, order: Order, progress: Progress, stop: threading.Event) -> list[Copied]:
    """Copy, table by table. Failed ranges and tables are in the result, and so is how far an interrupted run came."""
    copied: list[Copied] = []
    broken: set[str] = set()
    for root in order.roots:
        if stop.is_set():
            break
        one = Copied(root, project.moves[root].targets)
        copied.append(one)
        lost = sorted(
            broken & {parent for target in one.targets for parent in project.registry.parents(target)}
        )
        if lost:
            # Each of its rows would be kept as waiting for a parent that is not coming.
            one.error = f"not begun, because its parent table {', '.join(lost)} broke off"
            broken.update(one.targets)
            progress.say(f"{root}: {one.error}")
            continue
        began = time.monotonic()
        try:
            _copy_root(project, order, one, progress, stop)
            one.finished = True
        except Interrupted:
            # Asked for as the last of its chunks ended, a stop has kept nothing from being done.
            one.finished = one.ranges_done + len(one.failed) == one.due
            break
        except ChangeoverError as error:
            one.error = str(error)
            broken.update(one.targets)
            progress.say(f"{root}: {error}")
        finally:
            one.seconds = round(time.monotonic() - began, 3)
            progress.end()
    return copied


def open_rejects(project: Project, order: Order) -> int:
    """How many rows of the ordered ranges are rejected now."""
    found = 0
    with project.reading() as connection:
        for root in order.roots:
            for one in (r for r in ranges_of(connection, root) if r.name in order.ranges):
                bounds = project.moves[root].bounds
                found += sum(rejects.open_count(connection, bound.id, range_no=one.no) for bound in bounds)
    return found


def _copy_root(
    project: Project, order: Order, one: Copied, progress: Progress, stop: threading.Event
) -> None:
    due = _due(project, one.root, order)
    one.due = len(due)
    # A chunk counts its roots, however many targets are made of them.
    progress.begin(one.root, len(due), sum(max(0, r.rows_planned - _resumed(r)) for r in due))
    lock = threading.Lock()

    def on_chunk(done: ChunkDone) -> None:
        with lock:
            one.chunk(done)
        progress.chunk(done)

    names: Sequence[str] | None = order.ranges or None
    for done in backfill(
        project,
        one.root,
        names,
        workers=order.workers,
        on_chunk=on_chunk,
        stop=stop,
        only_pending=not (order.again or names),
    ):
        one.range(done)
        progress.range(done)


def _due(project: Project, root: str, order: Order) -> list[KeyRange]:
    with project.reading() as connection:
        ranges = ranges_of(connection, root)
    if order.ranges:
        return [r for r in ranges if r.name in order.ranges]
    return [
        r
        for r in ranges
        if order.again or r.status != "done" or r.fingerprint != project.moves[root].fingerprint
    ]


def _resumed(found: KeyRange) -> int:
    """Rows that an earlier run committed, and a resumed one does not read again."""
    return found.rows_read if found.status in ("running", "failed") else 0
