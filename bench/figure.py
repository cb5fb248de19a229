"""A measured figure, and how two sides of a ratio are measured: in turns, so that both meet the same machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Unit = Literal["", "ms", "s", "MB", "µs/row", "thousand rows/s", "s per million rows", "images/s"]


@dataclass(frozen=True)
class Figure:
    """One line of the report. ``limit`` is what is promised, ``bound`` on which side of it the value has to be."""

    group: str
    name: str
    value: float
    unit: Unit
    bound: Literal["", "at most", "at least"] = ""
    limit: float | None = None

    @property
    def kept(self) -> bool | None:
        """Whether the promise holds; None where there is none."""
        if self.limit is None:
            return None
        return self.value <= self.limit if self.bound == "at most" else self.value >= self.limit


@dataclass(frozen=True)
class Taken:
    """What a piece of work took: seconds on the clock, and of processors, the servers' included."""

    seconds: float
    cpu: float = 0.0


def seconds(work: Callable[[], object]) -> float:
    """How long ``work`` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def in_turns(contenders: Mapping[str, Callable[[], Taken]], rounds: int) -> dict[str, Taken]:
    """The medians of what each contender takes, over ``rounds`` rounds that each begin with another one."""
    return {
        name: Taken(statistics.median(t.seconds for t in taken), statistics.median(t.cpu for t in taken))
        for name, taken in by_turns(contenders, rounds).items()
    }


def by_turns(contenders: Mapping[str, Callable[[], Taken]], rounds: int) -> dict[str, list[Taken]]:
    """What each contender takes in each of ``rounds`` rounds, which each begin with another one."""
    names = list(contenders)
    found: dict[str, list[Taken]] = {name: [] for name in names}
    for turn in range(rounds):
        for name in _rotated(names, turn):
            found[name].append(contenders[name]())
    return found


@dataclass(frozen=True)
class Ratio:
    """How many times as fast one side is as another: the median over rounds, and the quartiles around it."""

    median: float
    low: float
    high: float


def ratio(taken: Sequence[Taken], against: Sequence[Taken]) -> Ratio:
    """Of each round by itself: what slows the machine for a while slows both sides of a round, and leaves the ratio."""
    each = [other.seconds / one.seconds for one, other in zip(taken, against, strict=True)]
    if len(each) == 1:
        return Ratio(each[0], each[0], each[0])
    low, median, high = statistics.quantiles(each, n=4, method="inclusive")
    return Ratio(median, low, high)


def _rotated(names: Sequence[str], turn: int) -> list[str]:
    start = turn % len(names)
    return [*names[start:], *names[:start]]
