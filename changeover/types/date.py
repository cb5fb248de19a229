"""Days of the calendar."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from changeover.types.base import Family, Kind, Misfit, Verdict
from changeover.types.moment import Moment, sort_of, without_midnight
from changeover.types.verdicts import checked, narrows, refused
from changeover.types.written import plain_text, unlike


@dataclass(frozen=True)
class Date(Moment):
    """A day. MySQL's may be zero in part or whole, PostgreSQL's may be infinite."""

    realm: Family | None = None
    timed: ClassVar[bool] = False
    sort: ClassVar[str] = "date"

    @property
    def name(self) -> str:
        return "date"

    @property
    def width(self) -> int:
        return 16 if self.realm == "postgresql" else 10

    def written(self, value: str, family: Family) -> str:
        return plain_text(value, family)

    def adopted(self, text: str, source: Kind, family: Family) -> str:
        return without_midnight(text, family) if sort_of(source) == "datetime" else text

    def store(self, staged: str, family: Family) -> str:
        return (
            staged if family == "sqlite" else f"CAST({staged} AS {'DATE' if family == 'mysql' else 'date'})"
        )

    def differs_from(self, source: Kind, stored: str, staged: str, family: Family) -> str:
        # Only a MySQL's own texts: what another writes beyond the calendar, the cast could take for a date.
        if family == "mysql" and isinstance(source, Date) and source.realm == "mysql":
            return unlike(stored, self.store(staged, family), staged)
        return self.differs(stored, staged, family)

    def alike(self, source: Kind, family: Family) -> bool:
        return family == "mysql" and isinstance(source, Date) and source.realm == self.realm == "mysql"

    def misfits(self, staged: str, family: Family) -> list[Misfit]:
        return self.calendar_misfits(staged, family)

    def judged(self, source: Kind) -> Verdict | None:
        match sort_of(source):
            case "date" if isinstance(source, Moment):
                return self.judged_values(source)
            case "datetime":
                return narrows(
                    "the time of day would be lost",
                    "say so with narrow(...): rows whose time is not midnight are then rejected; or cut it off with "
                    "cast(..., Date)",
                )
            case "instant":
                return refused("the day of an instant depends on a zone", "say which: cast(utc(...), Date)")
            case "text":
                return checked("text that is not YYYY-MM-DD is rejected")
            case _:
                return None

    def parse(self, text: str) -> dt.date | str:
        """A day that Python can't hold (zero dates, BC, infinity) is given as its text."""
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            return text

    def format(self, value: object) -> str:
        if isinstance(value, str):
            return value
        if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
            raise TypeError(f"date takes a datetime.date, not {type(value).__name__}")
        return value.isoformat()
