"""Decimal numbers with a fixed count of digits."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal as PythonDecimal
from typing import ClassVar

from changeover.types.base import Family, Kind, Misfit, Verdict
from changeover.types.number import UNBOUNDED, Number, judged_specials
from changeover.types.unknown import Unknown
from changeover.types.verdicts import EXACT, checked, narrows
from changeover.types.written import matches, mysql_text, sqlite_text, trimmed, unfilled, unlike

PLAIN = "-?(0|[1-9][0-9]*)([.][0-9]*[1-9])?"


@dataclass(frozen=True)
class Decimal(Number):
    """A number of up to ``precision`` digits, ``scale`` of them after the point.

    Both are None for PostgreSQL's ``numeric`` without limits. ``binary`` is set for SQLite, which keeps fractions as
    doubles whatever the declared type says: 15 significant digits are then all that is sure. Without a precision it
    is also the kind of every column whose declared type SQLite does not know. ``nan`` is set for PostgreSQL, whose
    numeric holds NaN, and infinity where it has no precision. ``zerofill`` columns of MySQL write zeros before the digits.
    """

    precision: int | None = None
    scale: int | None = None
    unsigned: bool = False
    binary: bool = False
    nan: bool = False
    zerofill: bool = False
    sort: ClassVar[str] = "decimal"

    @property
    def name(self) -> str:
        size = "" if self.precision is None else f"({self.precision},{self.scale or 0})"
        return f"{'unsigned ' if self.unsigned else ''}decimal{size}{', kept as a double' if self.binary else ''}"

    @property
    def low(self) -> int:
        return 0 if self.unsigned else -self.high

    @property
    def high(self) -> int:
        return UNBOUNDED if self.precision is None else 10 ** max(self.precision - (self.scale or 0), 0) - 1

    @property
    def fraction(self) -> int | None:
        return None if self.precision is None else max(self.scale or 0, 0)

    @property
    def specials(self) -> tuple[str, ...]:
        return () if not self.nan else ("NaN",) if self.precision is not None else ("NaN", "Infinity")

    @property
    def loose(self) -> bool:
        return self.binary and self.precision is None

    @property
    def width(self) -> int | None:
        return None if self.precision is None else max(self.precision, self.scale or 0) + 3

    def written(self, value: str, family: Family) -> str:
        if family == "sqlite":
            return sqlite_text(value, real="changeover_decimal_text")
        value = unfilled(value) if self.zerofill else value
        text = mysql_text(value, self._length()) if family == "mysql" else f"CAST({value} AS text)"
        if self.fraction == 0:
            return text
        if self.fraction is None:
            point = f"LOCATE('.', {text})" if family == "mysql" else f"strpos({text}, '.')"
            return f"CASE WHEN {point} > 0 THEN {trimmed(text, family)} ELSE {text} END"
        return trimmed(text, family)

    def read(self, value: str, family: Family, target: Kind) -> str:
        if self.loose and not isinstance(target, Number):
            return Unknown().read(value, family, target)
        return super().read(value, family, target)

    def store(self, staged: str, family: Family) -> str:
        if family == "mysql":
            return f"CAST({staged} AS DECIMAL({self.precision or 65},{30 if self.fraction is None else self.fraction}))"
        if family == "postgresql":
            return f"CAST({staged} AS numeric)"
        integer = f"CAST({staged} AS INTEGER)"
        return (
            f"CASE WHEN CAST({integer} AS TEXT) = {staged} THEN {integer} ELSE changeover_float({staged}) END"
        )

    def differs_from(self, source: Kind, stored: str, staged: str, family: Family) -> str:
        # The source's own digits: those of this column would round, and so find what was stored in what was not.
        if family == "mysql" and isinstance(source, Decimal) and source._is_mysqls():
            return unlike(stored, source.store(staged, family), staged)
        return self.differs(stored, staged, family)

    def alike(self, source: Kind, family: Family) -> bool:
        if family != "mysql" or not isinstance(source, Decimal) or self.zerofill or source.zerofill:
            return False
        return self.fraction is not None and self.fraction == source.fraction

    def _length(self) -> int | None:
        """Its text's length, where it has a zero before the point that MariaDB does not count."""
        return 68 if self.precision is None or self.precision == self.scale else None

    def _is_mysqls(self) -> bool:
        """MySQL has a DECIMAL that holds every value."""
        if self.precision is None or self.binary or self.nan:
            return False
        return self.precision <= 65 and 0 <= (self.scale or 0) <= 30

    def misfits(self, staged: str, family: Family) -> list[Misfit]:
        found = [self._not_a_number(staged, family), *self._too_many_digits(staged, family)]
        if self.unsigned:
            sign = "LEFT" if family == "mysql" else "left" if family == "postgresql" else None
            first = f"{sign}({staged}, 1)" if sign else f"substr({staged}, 1, 1)"
            found.append(Misfit(f"{first} = '-'", "below zero"))
        if family == "sqlite":
            back = f"changeover_decimal_text({self.store(staged, family)})"
            found.append(
                Misfit(
                    f"CAST({back} AS TEXT) IS NOT {staged}", "more digits than the double that SQLite keeps"
                )
            )
        return found

    def _not_a_number(self, staged: str, family: Family) -> Misfit:
        if family == "sqlite":
            form = (
                f"{staged} GLOB '*[^0-9.-]*' OR {staged} GLOB '?*-*' OR {staged} GLOB '*.*.*' OR {staged} = '-0'"
                f" OR NOT ltrim({staged}, '-') GLOB '[0-9]*' OR ltrim({staged}, '-') GLOB '0[0-9]*'"
                f" OR {staged} GLOB '*.' OR {staged} GLOB '*.*0'"
            )
            return Misfit(f"({form})", "not a number in plain form")
        plain = f"{matches(staged, PLAIN, family)} AND {staged} <> '-0'"
        if family == "postgresql":
            endless = "'NaN', 'Infinity', '-Infinity'" if self.precision is None else "'NaN'"
            plain = f"{plain} OR {staged} IN ({endless})"
        return Misfit(f"NOT ({plain})", "not a number in plain form")

    def _too_many_digits(self, staged: str, family: Family) -> list[Misfit]:
        if self.precision is None:
            return []
        if family == "mysql":
            whole = f"CHAR_LENGTH(TRIM(LEADING '-' FROM SUBSTRING_INDEX({staged}, '.', 1)))"
            fraction = f"CHAR_LENGTH(SUBSTRING({staged}, LOCATE('.', CONCAT({staged}, '.')) + 1))"
            zero = f"SUBSTRING_INDEX({staged}, '.', 1) NOT IN ('0', '-0')"
        elif family == "postgresql":
            whole = f"length(ltrim(split_part({staged}, '.', 1), '-'))"
            fraction = f"length(split_part({staged}, '.', 2))"
            zero = f"split_part({staged}, '.', 1) NOT IN ('0', '-0', 'NaN')"
        else:
            point = f"instr({staged} || '.', '.')"
            whole = f"length(ltrim(substr({staged}, 1, {point} - 1), '-'))"
            fraction = f"length(substr({staged}, {point} + 1))"
            zero = f"substr({staged}, 1, {point} - 1) NOT IN ('0', '-0')"
        digits = self.precision - (self.scale or 0)
        return [
            Misfit(
                f"{whole} > {digits}" if digits > 0 else zero,
                f"more than {max(digits, 0)} digits before the point",
            ),
            Misfit(f"{fraction} > {self.fraction}", f"more than {self.fraction} digits after the point"),
        ]

    def judged(self, source: Kind) -> Verdict | None:
        if isinstance(source, Number):
            return self._judged_number(source)
        match getattr(source, "sort", ""):
            case "text":
                return checked("text that is not a plain number within its digits is rejected")
            case "float":
                return checked(
                    f"a double goes as its shortest text; one that does not fit {self.name} is rejected"
                )
            case _:
                return None

    def _judged_number(self, source: Number) -> Verdict:
        if source.low < self.low or source.high > self.high:
            return narrows(f"{source.name} has more digits before the point than {self.name}")
        if self.fraction is not None and (source.fraction is None or source.fraction > self.fraction):
            return narrows(f"{source.name} has more digits after the point than {self.name}")
        if self.binary and not _exact_in_sqlite(source):
            return narrows(
                f"SQLite keeps fractions as doubles, 15 digits exactly, and {source.name} has more",
                "declare the column TEXT, or say so with narrow(...): rows with more digits are then rejected",
            )
        return judged_specials(source.specials, self.specials) or EXACT

    def parse(self, text: str) -> PythonDecimal:
        return PythonDecimal(text)

    def format(self, value: object) -> str:
        if not isinstance(value, (PythonDecimal, int)):
            raise TypeError(f"{self.name} takes a decimal.Decimal or an int, not {type(value).__name__}")
        number = PythonDecimal(value)
        if number.is_nan():
            return "NaN"
        if number.is_infinite():
            return "Infinity" if number > 0 else "-Infinity"
        text = format(number, "f")
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return "0" if text in ("-0", "") else text


def _exact_in_sqlite(source: Number) -> bool:
    """Whether SQLite keeps every value: whole numbers of 64 bits, or doubles of 15 significant digits."""
    if source.fraction == 0:
        return source.low >= -(2**63) and source.high < 2**63
    return source.fraction is not None and len(str(source.high).lstrip("0")) + source.fraction <= 15
