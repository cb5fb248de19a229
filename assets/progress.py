"""How a copying step tells how far it is: one line every few seconds, never an event a chunk."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

SECONDS_BETWEEN_LINES = 5.0
"""Dagster stores each line as an event, 57 to 114 a second at best for the whole instance."""


class Progress:
    """Counts chunks and ranges of one root. Chunks may be counted from any thread."""

    def __init__(self, root: str, ranges: int, rows_planned: int, say: Callable[[str], None]) -> None:
        self._root = root
        self._ranges = ranges
        self._planned = rows_planned
        self._say = say
        self._lock = threading.Lock()
        self._rows = 0
        self._done = 0
        self._started = self._last = time.monotonic()

    def chunk(self, rows_read: int) -> None:
        """Count a chunk."""
        with self._lock:
            self._rows += rows_read

    def range_done(self) -> None:
        """Count a range, and say so if it is time."""
        self._done += 1
        self.line()

    def line(self) -> None:
        """Write a line, if the last one is long enough ago."""
        now = time.monotonic()
        if now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            self._say(self.text(now - self._started))

    def text(self, seconds: float) -> str:
        """How far it is, how fast, and how long it will take, after ``seconds`` of work."""
        rate = self._rows / seconds if seconds > 0 else 0.0
        left = max(self._planned - self._rows, 0)
        end = f", about {duration(left / rate)} left" if rate and left else ""
        return (
            f"{self._root}: {self._done} of {self._ranges} ranges, {self._rows:,} of about {self._planned:,} rows, "
            f"{rate:,.0f} rows/s{end}"
        )


def duration(seconds: float) -> str:
    """``42 s``, ``3 min 20 s`` or ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
