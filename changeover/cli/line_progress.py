"""Progress as lines of a log."""

from __future__ import annotations

import time

from changeover.cli import output
from changeover.cli.progress import Progress, TableCount

LINE_SECONDS = 5.0
"""At most one line in this time, so that a night's log stays readable. A table's beginning and end always have one."""


class LineProgress(Progress):
    """A line when a table begins and ends, and now and then between."""

    def __init__(self, tables: int) -> None:
        super().__init__(tables)
        self.last = time.monotonic()

    def say(self, text: str) -> None:
        output.say(f"{time.strftime('%H:%M:%S')} {text}")

    def begun(self, table: TableCount) -> None:
        if table.ranges:
            self.say(
                f"[{self.number}/{self.tables}] {table.root}: {output.number(table.ranges, 'range')}, "
                f"about {output.number(table.rows_expected, 'row')}"
            )
        self.last = time.monotonic()

    def moved(self, table: TableCount) -> None:
        if time.monotonic() - self.last >= LINE_SECONDS:
            self.last = time.monotonic()
            self.say(f"{table.root}: {table.words()}")

    def close(self) -> None:
        """Lines need no end."""

    def ended(self, table: TableCount) -> None:
        self.say(self.summary(table))
