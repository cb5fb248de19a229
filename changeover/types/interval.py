"""PostgreSQL's interval: months, days and seconds, each kept apart."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from changeover.types.base import Family, Kind, Misfit, Verdict
from changeover.types.postgres_probe import changes
from changeover.types.time import format_duration, parse_duration
from changeover.types.verdicts import EXACT, checked
from changeover.types.written import WrittenKind, plain_text


@dataclass(frozen=True)
class Interval(WrittenKind):
    """``1 mon 2 days 03:04:05.6``, in PostgreSQL's own style; without months and days the same text as a time's."""

    sort: ClassVar[str] = "interval"

    @property
    def name(self) -> str:
        return "interval"

    @property
    def width(self) -> int:
        return 80

    def written(self, value: str, family: Family) -> str:
        return plain_text(value, family)

    def store(self, staged: str, family: Family) -> str:
        return f"CAST({staged} AS interval)" if family == "postgresql" else staged

    def misfits(self, staged: str, family: Family) -> list[Misfit]:
        if family != "postgresql":
            return []
        return [Misfit(changes(staged, "interval"), "not an interval as PostgreSQL writes it")]

    def judged(self, source: Kind) -> Verdict | None:
        match getattr(source, "sort", ""):
            case "time":
                return (
                    checked("text that is no time is rejected") if getattr(source, "free", False) else EXACT
                )
            case "text":
                return checked("text that is not an interval as PostgreSQL writes it is rejected")
            case _:
                return None

    def parse(self, text: str) -> dt.timedelta | str:
        """A timedelta where there are no months and days, else the text."""
        return parse_duration(text)

    def format(self, value: object) -> str:
        if isinstance(value, str):
            return value
        if not isinstance(value, dt.timedelta):
            raise TypeError(f"interval takes a datetime.timedelta, not {type(value).__name__}")
        return format_duration(value)
