"""Dates with a time of day and no zone."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from changeover.types.base import Family, Kind, Misfit, Verdict
from changeover.types.moment import (
    Moment,
    fraction_misfit,
    free_timed_text,
    judged_precision,
    midnight_text,
    sort_of,
    timed_store,
    timed_text,
)
from changeover.types.verdicts import checked
from changeover.types.written import unlike


@dataclass(frozen=True)
class Datetime(Moment):
    """What a clock on the wall shows, to ``precision`` digits of a second (0 to 6)."""

    precision: int = 6
    realm: Family | None = None
    timed: ClassVar[bool] = True
    sort: ClassVar[str] = "datetime"

    @property
    def name(self) -> str:
        return f"datetime({self.precision})"

    @property
    def width(self) -> int:
        return 32 if self.realm == "postgresql" else 26

    def written(self, value: str, family: Family) -> str:
        return timed_text(value, family, self.precision, zoned=False)

    def adopted(self, text: str, source: Kind, family: Family) -> str:
        match sort_of(source):
            case "date":
                return midnight_text(text, family)
            case "text" | "unknown":
                return free_timed_text(text, family)
            case _:
                return text

    def store(self, staged: str, family: Family) -> str:
        return timed_store(staged, family)

    def differs_from(self, source: Kind, stored: str, staged: str, family: Family) -> str:
        # Only a MySQL's own texts: what another writes beyond the calendar, the cast could take for a date.
        if family == "mysql" and isinstance(source, Datetime) and source.realm == "mysql":
            return unlike(stored, self.store(staged, family), staged)
        return self.differs(stored, staged, family)

    def alike(self, source: Kind, family: Family) -> bool:
        if not isinstance(source, Datetime) or not source.realm == self.realm == family == "mysql":
            return False
        return source.precision == self.precision

    def misfits(self, staged: str, family: Family) -> list[Misfit]:
        return [*self.calendar_misfits(staged, family), fraction_misfit(staged, family, self.precision)]

    def judged(self, source: Kind) -> Verdict | None:
        match sort_of(source):
            # An instant is stored in UTC: what `utc()` declares, on a database that has no type for instants.
            case "datetime" | "instant" if isinstance(source, Moment):
                digits: int = getattr(source, "precision", self.precision)
                shorter = judged_precision(self.name, self.precision, source.name, digits)
                return shorter or self.judged_values(source)
            case "date" if isinstance(source, Moment):
                return self.judged_values(source)
            case "text":
                return checked("text that is not YYYY-MM-DD HH:MM:SS is rejected")
            case _:
                return None

    def parse(self, text: str) -> dt.datetime | str:
        """A time that Python can't hold (zero dates, BC, infinity) is given as its text."""
        return parse_moment(text)

    def format(self, value: object) -> str:
        if isinstance(value, str):
            return value
        if not isinstance(value, dt.datetime) or value.tzinfo is not None:
            raise TypeError(
                f"{self.name} takes a datetime.datetime without a zone, not {type(value).__name__}"
            )
        return format_moment(value)


def parse_moment(text: str) -> dt.datetime | str:
    """Canonical text as a datetime without a zone, or as it is where Python can't hold it."""
    whole, _, fraction = text.partition(".")
    try:
        return dt.datetime.fromisoformat(f"{whole}.{fraction:0<6}")
    except ValueError:
        return text


def format_moment(value: dt.datetime) -> str:
    """A datetime without a zone as canonical text."""
    text = value.isoformat(" ", "microseconds")
    return text.rstrip("0").rstrip(".")
