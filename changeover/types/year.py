# ruff: noqa: ARG002 (it is a kind of MySQL alone, and does not look at the family)
"""MySQL's YEAR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from changeover.types.base import Family, Kind, Misfit, Verdict
from changeover.types.number import Number
from changeover.types.verdicts import checked, narrows
from changeover.types.written import matches, mysql_text


@dataclass(frozen=True)
class Year(Number):
    """0, or 1901 to 2155. As a number 70 would become 1970: what comes back as another number is rejected."""

    sort: ClassVar[str] = "year"

    @property
    def name(self) -> str:
        return "year"

    @property
    def low(self) -> int:
        return 0

    @property
    def high(self) -> int:
        return 2155

    @property
    def fraction(self) -> int:
        return 0

    @property
    def width(self) -> int:
        return 4

    def written(self, value: str, family: Family) -> str:
        return mysql_text(f"{value} + 0")

    def store(self, staged: str, family: Family) -> str:
        return f"CAST({staged} AS UNSIGNED)"

    def misfits(self, staged: str, family: Family) -> list[Misfit]:
        years = "0|190[1-9]|19[1-9][0-9]|20[0-9][0-9]|21[0-4][0-9]|215[0-5]"
        return [Misfit(f"NOT ({matches(staged, years, family)})", "not a year from 1901 to 2155, or 0")]

    def judged(self, source: Kind) -> Verdict | None:
        if isinstance(source, Number):
            return narrows(f"{source.name} has values that are no years from 1901 to 2155")
        if getattr(source, "sort", "") == "text":
            return checked("text that is no year from 1901 to 2155 is rejected")
        return None

    def parse(self, text: str) -> int:
        return int(text)

    def format(self, value: object) -> str:
        if not isinstance(value, int):
            raise TypeError(f"year takes an int, not {type(value).__name__}")
        return str(int(value))
