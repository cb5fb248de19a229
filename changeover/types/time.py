"""Times of day, and MySQL's TIME, which may be a duration."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from changeover.types.base import Family, Kind, Misfit, Verdict
from changeover.types.moment import fraction_misfit, judged_precision
from changeover.types.postgres_probe import changes
from changeover.types.verdicts import EXACT, checked
from changeover.types.written import WrittenKind, different, matches, plain_text, trimmed

CLOCK = "[0-9]{2}:[0-5][0-9]:[0-5][0-9]"
FRACTION = "([.][0-9]*[1-9])?"


@dataclass(frozen=True)
class Time(WrittenKind):
    """``[-]HH:MM:SS[.f]``, to ``precision`` digits of a second; ``signed`` (MySQL) from -838:59:59 to 838:59:59."""

    precision: int = 6
    signed: bool = False
    free: bool = False
    """Whether the column may hold any text (SQLite)."""
    sort: ClassVar[str] = "time"
    plain: ClassVar[bool] = True

    @property
    def name(self) -> str:
        return f"{'signed ' if self.signed else ''}time({self.precision})"

    @property
    def width(self) -> int:
        return 17

    def written(self, value: str, family: Family) -> str:
        text = plain_text(value, family)
        if family == "mysql" and self.precision > 0:
            return f"CASE WHEN LOCATE('.', {text}) > 0 THEN {trimmed(text, family)} ELSE {text} END"
        return f"changeover_time_text({text})" if family == "sqlite" else text

    def adopted(self, text: str, source: Kind, family: Family) -> str:
        if getattr(source, "sort", "") not in ("text", "unknown"):
            return text
        if family == "sqlite":
            return f"changeover_time_text({text})"
        fraction = matches(text, "-?[0-9]{2,3}:[0-9]{2}:[0-9]{2}[.][0-9]{1,9}", family)
        return f"CASE WHEN {fraction} THEN {trimmed(text, family)} ELSE {text} END"

    def store(self, staged: str, family: Family) -> str:
        if family == "mysql":
            return f"CAST({staged} AS TIME(6))"
        if family == "postgresql":
            return f"CAST({staged} AS time)"
        return (
            f"CASE WHEN instr({staged}, '.') > 0 THEN substr({staged} || '000000', 1, 15) ELSE {staged} END"
        )

    def misfits(self, staged: str, family: Family) -> list[Misfit]:
        fraction = fraction_misfit(staged, family, self.precision)
        if family == "sqlite":
            whole, rest = f"substr({staged}, 1, 8)", f"substr({staged}, 10)"
            wrong = (
                f"(time({whole}, '+0 days') IS NOT {whole} OR length({staged}) <> 8 AND (substr({staged}, 9, 1) <> '.'"
                f" OR {rest} GLOB '*[^0-9]*' OR {rest} = '' OR {staged} GLOB '*0'))"
            )
            return [Misfit(wrong, "not a time of day"), fraction]
        form = Misfit(
            f"NOT ({matches(staged, f'-?[0-9]?{CLOCK}{FRACTION}', family)})",
            "not a time in plain form (HH:MM:SS)",
        )
        if family == "mysql":
            back = Time(6).written(f"CAST({staged} AS TIME(6))", family)
            return [
                form,
                fraction,
                Misfit(different(back, staged, staged, family), "outside -838:59:59 to 838:59:59"),
            ]
        day = f"(([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]{FRACTION}|24:00:00)"
        return [
            form,
            fraction,
            Misfit(
                f"NOT ({matches(staged, day, family)})", "not a time of day: negative, or beyond 24 hours"
            ),
            Misfit(changes(staged, "time"), "not a time"),
        ]

    def judged(self, source: Kind) -> Verdict | None:
        match getattr(source, "sort", ""):
            case "time" if isinstance(source, Time):
                shorter = judged_precision(self.name, self.precision, source.name, source.precision)
                if shorter is None and source.signed and not self.signed:
                    return checked(
                        "durations (negative, or beyond 24 hours) are rejected: interval holds them"
                    )
                if shorter is None and self.free and not source.free:
                    return checked("24:00:00 is rejected")
                return shorter or (checked("text that is no time is rejected") if source.free else EXACT)
            case "interval" if self.signed:
                return checked("intervals with days, months or years, or beyond 838:59:59, are rejected")
            case "text":
                return checked("text that is not HH:MM:SS is rejected")
            case _:
                return None

    def parse(self, text: str) -> dt.time | dt.timedelta | str:
        """A timedelta where the kind is signed, else a time; what Python can't hold is given as its text."""
        if self.signed:
            return parse_duration(text)
        try:
            whole, _, fraction = text.partition(".")
            return dt.time.fromisoformat(f"{whole}.{fraction:0<6}")
        except ValueError:
            return text

    def format(self, value: object) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, dt.timedelta) and self.signed:
            return format_duration(value)
        if not isinstance(value, dt.time) or value.tzinfo is not None:
            raise TypeError(f"{self.name} takes a {'datetime.timedelta' if self.signed else 'datetime.time'}")
        return (
            value.isoformat("microseconds").rstrip("0").rstrip(".")
            if value.microsecond
            else value.isoformat()
        )


def parse_duration(text: str) -> dt.timedelta | str:
    """``[-]H…H:MM:SS[.f]`` as a timedelta, anything else as it is."""
    sign = -1 if text.startswith("-") else 1
    parts = text.lstrip("-").split(":")
    try:
        hours, minutes, seconds = parts
        whole, _, fraction = seconds.partition(".")
        return sign * dt.timedelta(
            hours=int(hours), minutes=int(minutes), seconds=int(whole), microseconds=int(f"{fraction:0<6}")
        )
    except ValueError:
        return text


def format_duration(value: dt.timedelta) -> str:
    """A timedelta as ``[-]HH:MM:SS[.f]``."""
    sign = "-" if value < dt.timedelta() else ""
    seconds, micros = divmod(abs(value) // dt.timedelta(microseconds=1), 1_000_000)
    text = f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{micros:06}".rstrip("0") if micros else text
