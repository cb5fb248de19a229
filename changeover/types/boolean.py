"""True and false, as ``1`` and ``0``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from changeover.types.base import Family, Kind, Misfit, Verdict
from changeover.types.number import Number
from changeover.types.verdicts import EXACT, checked
from changeover.types.written import mysql_text, sqlite_text


@dataclass(frozen=True)
class Boolean(Number):
    """PostgreSQL's and SQLite's boolean. MySQL has none: its TINYINT(1) is an integer that may hold more."""

    sort: ClassVar[str] = "boolean"
    unlike_text: ClassVar[str | None] = "true and false have many spellings"

    @property
    def name(self) -> str:
        return "boolean"

    @property
    def low(self) -> int:
        return 0

    @property
    def high(self) -> int:
        return 1

    @property
    def fraction(self) -> int:
        return 0

    @property
    def width(self) -> int:
        return 1

    def written(self, value: str, family: Family) -> str:
        if family == "mysql":
            return mysql_text(value)
        if family == "postgresql":
            return f"CAST(CAST({value} AS integer) AS text)"
        return sqlite_text(value, real="changeover_decimal_text")

    def adopted(self, text: str, source: Kind, family: Family) -> str:
        if getattr(source, "sort", "") == "unknown" and family == "postgresql":
            return f"CASE {text} WHEN 'true' THEN '1' WHEN 'false' THEN '0' ELSE {text} END"
        return super().adopted(text, source, family)

    def store(self, staged: str, family: Family) -> str:
        if family == "mysql":
            return f"CAST({staged} AS UNSIGNED)"
        return f"CAST({staged} AS {'boolean' if family == 'postgresql' else 'INTEGER'})"

    def misfits(self, staged: str, family: Family) -> list[Misfit]:
        text = f"CAST({staged} AS BINARY)" if family == "mysql" else staged
        return [Misfit(f"{text} NOT IN ('0', '1')", "neither 0 nor 1")]

    def judged(self, source: Kind) -> Verdict | None:
        if isinstance(source, Number):
            return (
                EXACT
                if (source.low, source.high, source.fraction) == (0, 1, 0)
                else checked("numbers other than 0 and 1 are rejected")
            )
        if getattr(source, "sort", "") == "text":
            return checked("text other than 0 and 1 is rejected: a value map can say what other words mean")
        return None

    def parse(self, text: str) -> bool:
        if text not in ("0", "1"):
            raise ValueError("neither 0 nor 1")
        return text == "1"

    def format(self, value: object) -> str:
        if not isinstance(value, (bool, int)) or value not in (0, 1):
            raise TypeError("boolean takes True or False")
        return "1" if value else "0"
