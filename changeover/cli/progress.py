"""What a person watches while rows are copied: a live line per table on a terminal, plain lines elsewhere.

Both count what the engine reports; neither asks a database anything.
"""

from __future__ import annotations

import sys
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from changeover.cli.output import count, duration
from changeover.image_sets import ImagesMoved
from changeover.ledger.ranges import KeyRange
from changeover.transfer import ChunkDone

RATE_WINDOW_SECONDS = 30.0
"""Rates are over this time: long enough to be steady, short enough to show that a server slowed down."""


class RangeEnd(Protocol):
    """A range that was copied or verified, or could not be."""

    @property
    def range(self) -> KeyRange: ...

    @property
    def error(self) -> str | None: ...


@dataclass
class TableCount:
    """One table's progress. ``rows_expected`` is the plan's, so an estimate as soon as the old table is in use."""

    root: str
    ranges: int
    rows_expected: int
    ranges_done: int = 0
    ranges_failed: int = 0
    rows: int = 0
    rejects: int = 0
    images: int | None = None
    """Stored so far, where images are moved."""
    began: float = field(default_factory=time.monotonic)
    recent: deque[tuple[float, int]] = field(default_factory=deque[tuple[float, int]])

    def chunk(self, done: ChunkDone) -> None:
        """Count a committed chunk."""
        now = time.monotonic()
        self.rows += done.rows_read
        self.rejects += done.rejected
        self.recent.append((now, done.rows_read))
        while self.recent and self.recent[0][0] < now - RATE_WINDOW_SECONDS:
            self.recent.popleft()

    def moved(self, rows: int, images: int, rejects: int) -> None:
        """Count rows whose images were looked at, and images."""
        now = time.monotonic()
        self.rows += rows
        self.images = (self.images or 0) + images
        self.rejects += rejects
        self.recent.append((now, rows))
        while self.recent and self.recent[0][0] < now - RATE_WINDOW_SECONDS:
            self.recent.popleft()

    def range(self, done: RangeEnd) -> None:
        """Count a range that ended."""
        if done.error is None:
            self.ranges_done += 1
        else:
            self.ranges_failed += 1

    @property
    def seconds(self) -> float:
        """Since the table was begun."""
        return time.monotonic() - self.began

    @property
    def rate(self) -> float:
        """Rows a second, of late."""
        span = min(self.seconds, RATE_WINDOW_SECONDS)
        return sum(rows for _, rows in self.recent) / span if span > 0 else 0.0

    @property
    def remaining(self) -> float | None:
        """Seconds until the table's end at this rate, None when nothing moves."""
        left = max(0, self.rows_expected - self.rows)
        return left / self.rate if self.rate else None

    def words(self) -> str:
        """All of it in one line."""
        failed = f", {self.ranges_failed} failed" if self.ranges_failed else ""
        images = "" if self.images is None else f", {count(self.images)} images moved"
        return (
            f"{self.ranges_done}/{self.ranges} ranges{failed}, {count(self.rows)} of ~{count(self.rows_expected)} "
            f"rows, {count(self.rate)} rows/s, {duration(self.remaining)} left{images}, {count(self.rejects)} rejected"
        )


class Progress(ABC):
    """A display. A context manager; one table at a time; its methods may be called from any thread."""

    def __init__(self, tables: int) -> None:
        self.tables = tables
        self.number = 0
        self.current: TableCount | None = None
        self.lock = threading.RLock()

    def begin(self, root: str, ranges: int, rows: int) -> None:
        """A table's turn has come, with so many ranges and about so many rows to do."""
        with self.lock:
            self.number += 1
            self.current = TableCount(root, ranges, rows)
            self.begun(self.current)

    def chunk(self, done: ChunkDone) -> None:
        """A chunk was committed."""
        with self.lock:
            if self.current is not None:
                self.current.chunk(done)
                self.moved(self.current)

    def moved_range(self, done: ImagesMoved) -> None:
        """A range's images were moved."""
        with self.lock:
            if self.current is not None:
                self.current.ranges_done += done.settled
                self.current.ranges_failed += not done.settled
                if done.error is not None:
                    self.say(done.error)
                self.moved(self.current)

    def images(self, rows: int, images: int, rejects: int) -> None:
        """Rows were looked at for their images, and images were stored or rejected."""
        with self.lock:
            if self.current is not None:
                self.current.moved(rows, images, rejects)
                self.moved(self.current)

    def range(self, done: RangeEnd) -> None:
        """A range ended."""
        with self.lock:
            if self.current is not None:
                self.current.range(done)
                if done.error is not None:
                    self.say(f"{done.range.root} {done.range.name} failed: {done.error}")
                self.moved(self.current)

    def end(self) -> None:
        """The table is through."""
        with self.lock:
            if self.current is not None:
                self.ended(self.current)
            self.current = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def say(self, text: str) -> None:
        """A message that stays on the screen."""

    @abstractmethod
    def begun(self, table: TableCount) -> None: ...

    @abstractmethod
    def moved(self, table: TableCount) -> None: ...

    @abstractmethod
    def ended(self, table: TableCount) -> None: ...

    @abstractmethod
    def close(self) -> None:
        """Leave the terminal as it was."""

    def summary(self, table: TableCount) -> str:
        """A table's last line."""
        if not table.ranges:
            return f"[{self.number}/{self.tables}] {table.root}: nothing to do"
        failed = f", {table.ranges_failed} failed" if table.ranges_failed else ""
        images = "" if table.images is None else f", {count(table.images)} images moved"
        return (
            f"[{self.number}/{self.tables}] {table.root}: {table.ranges_done}/{table.ranges} ranges{failed}, "
            f"{count(table.rows)} rows in {duration(table.seconds)}, "
            f"{count(table.rows / table.seconds if table.seconds else 0)} rows/s{images}, {count(table.rejects)} rejected"
        )


def display(tables: int) -> Progress:
    """The display for where stderr leads to."""
    if sys.stderr.isatty():
        from changeover.cli.live_progress import LiveProgress

        return LiveProgress(tables)
    from changeover.cli.line_progress import LineProgress

    return LineProgress(tables)
