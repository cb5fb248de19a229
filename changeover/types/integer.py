"""Whole numbers of 8 to 64 bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from changeover.types.base import Family, Kind, Misfit, Verdict
from changeover.types.number import Number, judged_specials
from changeover.types.verdicts import EXACT, checked, narrows
from changeover.types.written import matches, plain_text, sqlite_text, unfilled, unlike

PLAIN = "(0|-?[1-9][0-9]*)"


@dataclass(frozen=True)
class Integer(Number):
    """A whole number of ``bits`` (8, 16, 24, 32, 64), from zero on when ``unsigned``. MySQL's TINYINT(1) is one too.

    ``zerofill`` columns write zeros before the digits, which are no part of the number.
    """

    bits: int = 64
    unsigned: bool = False
    zerofill: bool = False
    sort: ClassVar[str] = "integer"

    @property
    def name(self) -> str:
        return f"{'unsigned ' if self.unsigned else ''}integer({self.bits})"

    @property
    def low(self) -> int:
        return 0 if self.unsigned else -(2 ** (self.bits - 1))

    @property
    def high(self) -> int:
        return 2**self.bits - 1 if self.unsigned else 2 ** (self.bits - 1) - 1

    @property
    def fraction(self) -> int:
        return 0

    @property
    def width(self) -> int:
        return max(len(str(self.low)), len(str(self.high)))

    def written(self, value: str, family: Family) -> str:
        if family == "sqlite":
            return sqlite_text(value, real="changeover_decimal_text")
        return plain_text(unfilled(value) if self.zerofill else value, family)

    def store(self, staged: str, family: Family) -> str:
        if family == "mysql":
            return f"CAST({staged} AS {'UNSIGNED' if self.unsigned else 'SIGNED'})"
        if family == "postgresql":
            return f"CAST({staged} AS {self._postgres_name()})"
        return f"CAST({staged} AS INTEGER)"

    def differs_from(self, source: Kind, stored: str, staged: str, family: Family) -> str:
        if family == "mysql" and isinstance(source, Integer):
            return unlike(stored, source.store(staged, family), staged)
        return self.differs(stored, staged, family)

    def alike(self, source: Kind, family: Family) -> bool:
        filled = self.zerofill or (isinstance(source, Integer) and source.zerofill)
        return family == "mysql" and isinstance(source, Integer) and not filled

    def misfits(self, staged: str, family: Family) -> list[Misfit]:
        outside = f"outside {self.low} to {self.high}"
        if family == "sqlite":
            integer = f"CAST({staged} AS INTEGER)"
            found = [
                Misfit(
                    f"CAST({integer} AS TEXT) IS NOT {staged}",
                    "not a whole number in plain form, or beyond 64 bits",
                )
            ]
            if self.bits < 64 or self.unsigned:
                found.append(
                    Misfit(f"{integer} NOT BETWEEN {self.low} AND {min(self.high, 2**63 - 1)}", outside)
                )
            return found
        plain = matches(staged, PLAIN, family)
        length = "CHAR_LENGTH" if family == "mysql" else "length"
        exact = "DECIMAL(65,0)" if family == "mysql" else "numeric"
        range_ = f"CAST({staged} AS {exact}) NOT BETWEEN {self.low} AND {self.high}"
        return [
            Misfit(f"NOT ({plain})", "not a whole number in plain form"),
            Misfit(
                f"CASE WHEN {length}({staged}) > 20 THEN 1 = 1 WHEN {plain} THEN {range_} ELSE 1 = 0 END",
                outside,
            ),
        ]

    def judged(self, source: Kind) -> Verdict | None:
        if isinstance(source, Number):
            return self._judged_number(source)
        match getattr(source, "sort", ""):
            case "text":
                return checked("text that is not a whole number in plain form (7, not 007 or +7) is rejected")
            case "float":
                return narrows(f"{source.name} has fractions, and values beyond {self.low} to {self.high}")
            case _:
                return None

    def _judged_number(self, source: Number) -> Verdict:
        if source.fraction != 0:
            return narrows(f"{source.name} has fractions")
        if source.low < self.low or source.high > self.high:
            return narrows(f"{source.name} has values outside {self.low} to {self.high}")
        return judged_specials(source.specials, ()) or EXACT

    def parse(self, text: str) -> int:
        return int(text)

    def format(self, value: object) -> str:
        if not isinstance(value, int):
            raise TypeError(f"{self.name} takes an int, not {type(value).__name__}")
        return str(int(value))

    def _postgres_name(self) -> str:
        if self.unsigned and self.bits == 64:
            return "numeric"
        return "smallint" if self.high < 2**15 else "integer" if self.high < 2**31 else "bigint"
