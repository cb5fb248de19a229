"""Points in time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from changeover.types.base import Family, Kind, Misfit, Verdict
from changeover.types.datetime import format_moment, parse_moment
from changeover.types.moment import (
    Moment,
    fraction_misfit,
    judged_precision,
    sort_of,
    timed_store,
    timed_text,
)
from changeover.types.verdicts import checked, refused

ZONE = "say which zone its clock times are in: utc(..., zone=...)"


@dataclass(frozen=True)
class Instant(Moment):
    """PostgreSQL's timestamptz and MySQL's TIMESTAMP, to ``precision`` digits of a second (0 to 6)."""

    precision: int = 6
    realm: Family | None = None
    timed: ClassVar[bool] = True
    sort: ClassVar[str] = "instant"
    unlike_text: ClassVar[str | None] = "an instant's text would be UTC without saying so"

    @property
    def name(self) -> str:
        return f"instant({self.precision})"

    @property
    def width(self) -> int:
        return 32 if self.realm == "postgresql" else 26

    def written(self, value: str, family: Family) -> str:
        return timed_text(value, family, self.precision, zoned=True)

    def store(self, staged: str, family: Family) -> str:
        stored = timed_store(staged, family)
        return f"timezone('UTC', {stored})" if family == "postgresql" else stored

    def alike(self, source: Kind, family: Family) -> bool:
        if not isinstance(source, Instant) or not source.realm == self.realm == family == "mysql":
            return False
        return source.precision == self.precision

    def misfits(self, staged: str, family: Family) -> list[Misfit]:
        found = [*self.calendar_misfits(staged, family), fraction_misfit(staged, family, self.precision)]
        if family == "mysql":
            # The upper end is 2038 or 2106 by version and machine: the server has no Unix time (NULL, or 0) for what lies above its
            # own. MySQL 8 has one up to the year 3001; it alone runs the comment.
            value = f"COALESCE(CAST({staged} AS DATETIME(6)), CAST('2000-01-01' AS DATETIME))"
            last = (
                "COALESCE(/*!50700 CAST('2038-01-19 03:14:07.999999' AS DATETIME(6)), */ "
                "CAST('2106-02-07 06:28:15.999999' AS DATETIME(6)))"
            )
            ends = f"CAST('1970-01-01 00:00:01' AS DATETIME) AND {last}"
            beyond = f"({value} NOT BETWEEN {ends} OR COALESCE(UNIX_TIMESTAMP({value}), 0) = 0)"
            found.append(Misfit(beyond, "outside what TIMESTAMP holds: 1970 to 2038"))
        return found

    def judged(self, source: Kind) -> Verdict | None:
        match sort_of(source):
            case "instant" if isinstance(source, Instant):
                shorter = judged_precision(self.name, self.precision, source.name, source.precision)
                if shorter is None and self.realm == "mysql" and source.realm != "mysql":
                    return checked("MySQL's TIMESTAMP holds 1970 to 2038 only: other instants are rejected")
                return shorter or self.judged_values(source)
            case "datetime" | "date" | "text":
                return refused(f"{source.name} does not say its zone", ZONE)
            case _:
                return None

    def accepts_unknown(self) -> Verdict:
        return refused("the expression does not say its zone", ZONE)

    def parse(self, text: str) -> dt.datetime | str:
        """An instant that Python can't hold (BC, infinity) is given as its text."""
        value = parse_moment(text)
        return value if isinstance(value, str) else value.replace(tzinfo=dt.timezone.utc)

    def format(self, value: object) -> str:
        if isinstance(value, str):
            return value
        if not isinstance(value, dt.datetime) or value.tzinfo is None:
            raise TypeError(f"{self.name} takes a datetime.datetime with a zone, not {type(value).__name__}")
        return format_moment(value.astimezone(dt.timezone.utc).replace(tzinfo=None))
