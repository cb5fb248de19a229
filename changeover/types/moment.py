"""Dates and times of the calendar: what date, datetime and instant have in common.

Canonical text is ``YYYY-MM-DD`` and ``YYYY-MM-DD HH:MM:SS[.f]`` without zeros at the end of the fraction. Instants are
written in UTC, without a suffix. What only one database holds keeps that database's text: MySQL's zero dates
(``0000-00-00``, ``2020-00-10``), PostgreSQL's ``infinity`` and ``… BC``.
"""

from __future__ import annotations

from typing import ClassVar

from changeover.types.base import Family, Kind, Misfit, Verdict
from changeover.types.postgres_probe import changes
from changeover.types.verdicts import EXACT, checked, narrows
from changeover.types.written import WrittenKind, matches, plain_text, sqlite_text, trimmed

DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
CLOCK = "[0-9]{2}:[0-9]{2}:[0-9]{2}"
FRACTION = "([.][0-9]*[1-9])?"
POSTGRES_DATE = "[0-9]{4,}-[0-9]{2}-[0-9]{2}"

ODD: dict[Family, str] = {
    "mysql": "zero dates (0000-00-00 and the like) are rejected",
    "postgresql": "infinity, dates BC and years after 9999 are rejected",
    "sqlite": "text that is no such date or time is rejected",
}


class Moment(WrittenKind):
    """A date or a date with a time. ``realm`` is the family whose calendar it keeps, None for an expression's."""

    realm: Family | None
    timed: ClassVar[bool]
    plain: ClassVar[bool] = True

    def accepts(self, source: Kind) -> Verdict:
        if isinstance(source, Moment) and source == self:
            return self.judged_values(source)
        return super().accepts(source)

    def judged_values(self, source: Moment) -> Verdict:
        """The verdict on what the calendar of the source's database holds and others don't."""
        if source.realm is None or (source.realm == self.realm and self.realm != "mysql"):
            return EXACT
        return checked(ODD[source.realm])

    def calendar_misfits(self, staged: str, family: Family) -> list[Misfit]:
        """What any calendar text may have wrong, most telling first."""
        kind = "date and time" if self.timed else "date"
        if family == "sqlite":
            return [Misfit(_not_of_sqlite(staged, self.timed), f"not a {kind}, or none of the calendar")]
        form = f"{DATE} {CLOCK}{FRACTION}" if self.timed else DATE
        found = [_zero_date(staged, family)]
        if family == "mysql":
            cast = f"CAST({staged} AS {'DATETIME(6)' if self.timed else 'DATE'})"
            return [
                *found,
                Misfit(
                    matches(staged, "-?infinity|.* BC|[0-9]{5,}-.*", family),
                    "infinite, BC or after the year 9999",
                ),
                Misfit(f"NOT ({matches(staged, form, family)})", f"not a {kind} in plain form"),
                Misfit(f"{cast} IS NULL", f"no such {kind} in the calendar"),
            ]
        form = form.replace(DATE, POSTGRES_DATE)
        return [
            *found,
            Misfit(
                f"NOT ({matches(staged, f'({form}( BC)?|-?infinity)', family)})",
                f"not a {kind} in plain form",
            ),
            Misfit(changes(staged, "timestamp" if self.timed else "date"), f"no such {kind} in the calendar"),
        ]


def _zero_date(staged: str, family: Family) -> Misfit:
    return Misfit(
        matches(staged, "(0000-00-00|[0-9]{4}-00-[0-9]{2}|[0-9]{4}-[0-9]{2}-00)( .*)?", family), "a zero date"
    )


def _not_of_sqlite(staged: str, timed: bool) -> str:
    """SQLite's own functions move what is not in the calendar (31 February) to another day, or give NULL."""
    if not timed:
        return f"date({staged}, '+0 days') IS NOT {staged}"
    whole = f"substr({staged}, 1, 19)"
    fraction = f"substr({staged}, 21)"
    return (
        f"(datetime({whole}, '+0 days') IS NOT {whole} OR length({staged}) <> 19 AND (substr({staged}, 20, 1) <> '.'"
        f" OR {fraction} GLOB '*[^0-9]*' OR {fraction} = '' OR {staged} GLOB '*0'))"
    )


def timed_text(value: str, family: Family, precision: int | None, zoned: bool) -> str:
    """SQL of a date and time's canonical text. ``precision`` 0 spares the trimming."""
    if family == "sqlite":
        return f"changeover_moment_text({sqlite_text(value)}, {int(zoned)})"
    if family == "postgresql":
        return f"CAST(timezone('UTC', {value}) AS text)" if zoned else f"CAST({value} AS text)"
    text = plain_text(value, family)
    return (
        text
        if precision == 0
        else f"CASE WHEN LOCATE('.', {text}) > 0 THEN {trimmed(text, family)} ELSE {text} END"
    )


def free_timed_text(text: str, family: Family) -> str:
    """SQL of free text: ISO's ``T`` and zeros at the end of the fraction become canonical."""
    if family == "sqlite":
        return f"changeover_moment_text({text}, 0)"
    spaced = f"REPLACE({text}, 'T', ' ')"
    fraction = matches(text, f"{DATE}[T ]{CLOCK}[.][0-9]{{1,9}}", family)
    whole = matches(text, f"{DATE}T{CLOCK}", family)
    return f"CASE WHEN {fraction} THEN {trimmed(spaced, family)} WHEN {whole} THEN {spaced} ELSE {text} END"


def midnight_text(text: str, family: Family) -> str:
    """SQL: a date's text with the time of midnight."""
    if family == "mysql":
        return f"CONCAT({text}, ' 00:00:00')"
    if family == "sqlite":
        return f"{text} || ' 00:00:00'"
    return (
        f"CASE WHEN right({text}, 3) = ' BC' THEN replace({text}, ' BC', ' 00:00:00 BC')"
        f" WHEN right({text}, 1) = 'y' THEN {text} ELSE {text} || ' 00:00:00' END"
    )


def without_midnight(text: str, family: Family) -> str:
    """SQL: the date alone where the time is midnight, else the text as it is."""
    if family == "sqlite":
        return f"CASE WHEN substr({text}, -9) = ' 00:00:00' THEN substr({text}, 1, length({text}) - 9) ELSE {text} END"
    length = "CHAR_LENGTH" if family == "mysql" else "length"
    return f"CASE WHEN RIGHT({text}, 9) = ' 00:00:00' THEN LEFT({text}, {length}({text}) - 9) ELSE {text} END"


def timed_store(staged: str, family: Family) -> str:
    """SQL of a storable date and time. SQLite gets text, a fraction of six digits as Python 3.10 reads it."""
    if family == "mysql":
        return f"CAST({staged} AS DATETIME(6))"
    if family == "postgresql":
        return f"CAST({staged} AS timestamp)"
    return f"CASE WHEN instr({staged}, '.') > 0 THEN substr({staged} || '000000', 1, 26) ELSE {staged} END"


def fraction_misfit(staged: str, family: Family, precision: int) -> Misfit:
    """More digits after the second than ``precision``."""
    if family == "mysql":
        digits = f"CASE WHEN LOCATE('.', {staged}) > 0 THEN CHAR_LENGTH(SUBSTRING_INDEX({staged}, '.', -1)) ELSE 0 END"
    elif family == "postgresql":
        digits = f"length(split_part(split_part({staged}, ' BC', 1), '.', 2))"
    else:
        digits = f"length(substr({staged}, instr({staged} || '.', '.') + 1))"
    return Misfit(f"{digits} > {precision}", f"more than {precision} digits after the second")


def judged_precision(name: str, precision: int, source_name: str, source_precision: int) -> Verdict | None:
    """NARROWS where the source has more digits after the second."""
    if source_precision <= precision:
        return None
    return narrows(f"{source_name} has more digits after the second than {name}")


def sort_of(kind: Kind) -> str:
    """The class of kinds it belongs to."""
    return getattr(kind, "sort", "")
