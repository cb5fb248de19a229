"""What a person watches: every table's partitions, rows, rate and estimated end, from the ledger."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from changeover.cli.output import count, duration, number, stdout
from changeover.ledger.status import TableStatus
from changeover.ledger.sync import SyncState
from pipelines.launch import Launched

REFRESHES_PER_SECOND = 4
LINE_SECONDS = 10.0
"""Between two lines about tables that are being copied, where there is no terminal."""

COLOURS = {
    "done": "green",
    "same": "green",
    "running": "cyan",
    "failed": "red",
    "rejects": "red",
    "different": "red",
}


@dataclass(frozen=True)
class Look:
    """One look at everything. ``compared`` is how many rows of a root were compared, ``verdicts`` what came of it; ``syncs`` are
    the live syncs, where there are any; ``images`` says how far these are."""

    tables: Sequence[TableStatus] = ()
    runs: Sequence[Launched] = ()
    compared: dict[str, int] | None = None
    verdicts: dict[str, str] | None = None
    syncs: Sequence[SyncState] = ()
    images: str = ""

    def state(self, table: TableStatus) -> str:
        """The table's state in a word."""
        if self.verdicts and table.root in self.verdicts:
            return self.verdicts[table.root]
        rows = (self.compared or {}).get(table.root)
        return f"comparing {count(rows)}" if rows is not None else table.state


class Display(ABC):
    """A display. A context manager."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.console: Console = stdout()

    @property
    def seconds(self) -> float:
        """Since the demo began."""
        return time.monotonic() - self.began

    def __enter__(self) -> Display:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def say(self, text: str) -> None:
        """A message that stays."""
        self.console.print(Text(f"{self.seconds:6.1f} s  {text}"), soft_wrap=True)

    @abstractmethod
    def show(self, look: Look) -> None:
        """How it stands now."""

    @abstractmethod
    def close(self) -> None:
        """Leave the terminal as it was, with the last state on it."""


class Lines(Display):
    """A line when something begins or ends, and now and then between."""

    def __init__(self) -> None:
        super().__init__()
        self._states: dict[str, str] = {}
        self._images = ""
        self._last = time.monotonic()

    def show(self, look: Look) -> None:
        for run in look.runs:
            self._tell(f"run {run.title}", run.state, f"run of {run.title}: {run.state.lower()}")
        for sync in look.syncs:
            self._tell(f"sync {sync.database}", sync.state, f"live sync of {sync.database}: {sync.state}")
        for table in look.tables:
            state = look.state(table).split()[0]
            self._tell(table.root, state, _words(table, state))
        if time.monotonic() - self._last >= LINE_SECONDS:
            self._last = time.monotonic()
            for table in look.tables:
                if table.state == "running":
                    self.say(_words(table, look.state(table)))
            if look.syncs:
                self.say(_behind(look.syncs))
            if look.images and look.images != self._images:
                self._images = look.images
                self.say(look.images)

    def close(self) -> None:
        """Lines need no end."""

    def _tell(self, name: str, state: str, words: str) -> None:
        if self._states.get(name) != state:
            if name in self._states or state not in ("waiting", "not"):
                self.say(words)
            self._states[name] = state


class Screen(Display):
    """A table that is drawn again and again in its place."""

    def __init__(self) -> None:
        super().__init__()
        self._look = Look()
        self._live = Live(
            console=self.console,
            refresh_per_second=REFRESHES_PER_SECOND,
            get_renderable=self._drawn,
            vertical_overflow="visible",
        )
        self._live.start()

    def show(self, look: Look) -> None:
        self._look = look

    def close(self) -> None:
        self._live.stop()

    def _drawn(self) -> RenderableType:
        look = self._look
        if not look.tables:
            return Text(f"{self.seconds:6.1f} s  {_runs(look.runs) or 'preparing'}")
        made = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
        for title, justify in (("old table", "left"), ("new", "left"), ("partitions", "right"), ("", "left")):
            made.add_column(title, justify=justify, no_wrap=True)  # pyright: ignore[reportArgumentType]
        behind = ("behind", "changes/s") if look.syncs else ()
        for title in ("rows", "rows/s", "left", *behind):
            made.add_column(title, justify="right", no_wrap=True)
        made.add_column("", no_wrap=True)
        for table in look.tables:
            state = look.state(table)
            left = duration(table.eta_seconds) if table.eta_seconds is not None else ""
            made.add_row(
                table.root,
                ", ".join(table.targets),
                f"{table.ranges_done}/{table.ranges_total}",
                ProgressBar(total=max(1, table.rows_planned), completed=_walked(table), width=12),
                count(table.rows_read),
                count(table.rate) if table.rate else "",
                left,
                *(_in_step(table) if look.syncs else ()),
                Text(state, style=COLOURS.get(state, "")),
            )
        lines = [_runs(look.runs), *([_behind(look.syncs)] if look.syncs else []), look.images]
        return Group(made, *(Text(f"{self.seconds:6.1f} s  {line}") for line in lines if line))


def display(*, terminal: bool) -> Display:
    """The display for a terminal, or for a log."""
    return Screen() if terminal else Lines()


def _walked(table: TableStatus) -> int:
    """A copied table's bar is full, although rows that the mapping filters are planned and not read."""
    copied = table.ranges_done == table.ranges_total
    return table.rows_planned if copied else min(table.rows_read, table.rows_planned)


def _words(table: TableStatus, state: str) -> str:
    rate = f", {count(table.rate)} rows/s" if table.rate else ""
    left = f", {duration(table.eta_seconds)} left" if table.eta_seconds is not None else ""
    return (
        f"{table.root} -> {', '.join(table.targets)}: {state}, {table.ranges_done}/{table.ranges_total} partitions, "
        f"{count(table.rows_read)} rows{rate}{left}"
    )


def _in_step(table: TableStatus) -> tuple[str, str]:
    """How many of the table's changes wait, and how many are applied a second."""
    kept = table.kept
    if kept is None:
        return "", ""
    return count(kept.lag_keys or 0), count(kept.rate) if kept.rate else ""


def _behind(syncs: Sequence[SyncState]) -> str:
    """How far behind each live sync is."""
    return "live sync: " + ", ".join(
        f"{sync.database} {number(sync.lag_keys, 'change')} behind ({duration(sync.lag_seconds)})"
        if sync.state == "running"
        else f"{sync.database} {sync.state}"
        for sync in syncs
    )


def _runs(runs: Sequence[Launched]) -> str:
    """How many runs are in which state."""
    states: dict[str, int] = {}
    for run in runs:
        states[run.state.lower()] = states.get(run.state.lower(), 0) + 1
    return "runs: " + ", ".join(f"{number} {state}" for state, number in states.items()) if states else ""
