"""Binary floating-point numbers: a value is its double, to the last bit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from changeover.types.base import Family, Kind, Misfit, Verdict
from changeover.types.number import Number, judged_specials, significant_digits, without_exponent
from changeover.types.postgres_probe import recast
from changeover.types.verdicts import EXACT, checked, refused
from changeover.types.written import (
    MARK_SQL,
    WrittenKind,
    is_marked,
    marked,
    matches,
    mysql_text,
    sqlite_text,
)

PLAIN = "-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?"

LENGTH = 40
"""More than the longest text of a double: MariaDB's -0.0000000000000012345678901234568 has 34 characters."""

DIGITS = 15
"""A decimal number of so many significant digits survives the way through a double (DBL_DIG)."""

REACH = 290
"""Decimal exponents within this are far from where a double overflows or loses digits (about 1e-308 to 1e308)."""


@dataclass(frozen=True)
class Float(WrittenKind):
    """A double, or with ``bits`` 32 a FLOAT, which is read as the double it is: 0.1 is 0.10000000149011612.

    ``specials`` are ``NaN`` and ``Infinity`` where it holds them. Each database writes a double as the shortest text
    that gives the same double again; two such texts are compared as doubles. MariaDB has no negative zero and stores
    0, its equal.
    """

    bits: int = 64
    specials: tuple[str, ...] = ()
    sort: ClassVar[str] = "float"
    plain: ClassVar[bool] = True

    @property
    def name(self) -> str:
        return f"float({self.bits})"

    @property
    def width(self) -> int:
        return LENGTH

    def written(self, value: str, family: Family) -> str:
        if family == "mysql":
            return _mysql_written(value)
        if family == "postgresql":
            return f"CAST(CAST({value} AS double precision) AS text)"
        return sqlite_text(value)

    def read(self, value: str, family: Family, target: Kind) -> str:
        if family == "sqlite" and isinstance(target, Number):
            return target.adopted(sqlite_text(value, real="changeover_decimal_text"), self, family)
        return super().read(value, family, target)

    def adopted(self, text: str, source: Kind, family: Family) -> str:
        """Numbers that a double does not give back digit for digit are marked, and so rejected."""
        if isinstance(source, Float) or (isinstance(source, Number) and _short(source)):
            return text
        if family == "sqlite":
            return f"CASE WHEN changeover_survives_float({text}) THEN {text} ELSE {marked(text, family)} END"
        length = "CHAR_LENGTH" if family == "mysql" else "length"
        far = f"[^eE]*[eE][+-]?0*([0-9]{{4,}}|[3-9][0-9]{{2}}|{REACH // 10}[0-9])"
        lost = f"{significant_digits(text, family)} > {DIGITS} OR {matches(text, far, family)}"
        # The length is asked first: MySQL's TRIM takes quadratic time.
        return (
            f"CASE WHEN {length}({text}) > {REACH} THEN {marked(text, family)}"
            f" WHEN {lost} THEN {marked(text, family)} ELSE {text} END"
        )

    def store(self, staged: str, family: Family) -> str:
        if family == "mysql":
            return staged
        return (
            f"CAST({staged} AS double precision)" if family == "postgresql" else f"changeover_float({staged})"
        )

    def differs(self, stored: str, staged: str, family: Family) -> str:
        if family == "mysql":
            # Text that is no number counts as 0 in MySQL, hence the look at its form.
            same = f"{stored} * 1e0 = {staged} * 1e0 AND {matches(staged, PLAIN, family)}"
            return f"NOT COALESCE({same}, {stored} IS NULL AND {staged} IS NULL)"
        if family == "postgresql":
            bits = (
                f"float8send(CAST({stored} AS double precision))"
                f" IS DISTINCT FROM float8send(CAST({staged} AS double precision))"
            )
            return f"({bits} OR COALESCE(NOT ({self._is_number(staged, family)}), false))"
        other = f"{stored} IS NOT changeover_float({staged}) OR typeof({stored}) = 'text'"
        return f"({other} OR ({stored} IS NULL) <> ({staged} IS NULL))"

    def shown(self, stored: str, family: Family) -> str:
        shown = super().shown(stored, family)
        if family != "sqlite":
            return shown
        # A text in such a column is no number, whatever it says.
        other = f"{MARK_SQL[family]} || {MARK_SQL[family]} || {stored}"
        return f"CASE WHEN typeof({stored}) = 'text' THEN {other} ELSE {shown} END"

    def portable(self, text: str, family: Family) -> str:
        """Without an exponent, as far as MySQL has decimal digits. The sign of a zero stays."""
        double = f"changeover_decimal_text(changeover_float({text}))"
        plain = double if family == "sqlite" else without_exponent(text, family)
        return f"CASE WHEN {text} = '-0' THEN {text} ELSE {plain} END"

    def misfits(self, staged: str, family: Family) -> list[Misfit]:
        found = [Misfit(is_marked(staged, family), "a number of more digits than a double keeps")]
        if family == "sqlite":
            parsed = f"typeof(changeover_float({staged}))"
            return [*found, Misfit(f"{parsed} <> 'real'", "not a number, or NaN, which SQLite does not hold")]
        endless = f"{staged} IN ('NaN', 'Infinity', '-Infinity')"
        if family == "mysql":
            return [
                *found,
                Misfit(endless, "NaN or infinity, which MySQL does not hold"),
                Misfit(f"NOT ({matches(staged, PLAIN, family)})", "not a number"),
                Misfit(self._too_large(staged), f"beyond the range of a float({self.bits})"),
            ]
        double = f"float8send(CAST({recast(staged, 'double precision')} AS double precision))"
        found.append(
            Misfit(f"NOT ({self._is_number(staged, family)}) OR {double} IS NULL", "not a number, or beyond")
        )
        if self.bits == 32:
            single = f"float8send(CAST(CAST({recast(staged, 'real')} AS real) AS double precision))"
            found.append(Misfit(f"{single} IS DISTINCT FROM {double}", "more digits than a float(32) keeps"))
        return found

    def judged(self, source: Kind) -> Verdict | None:
        if self.bits == 32 and not isinstance(source, Float):
            return refused(
                f"a float(32) would change most values of {source.name}",
                "declare the column as double, or round with an expression: cast(..., REAL)",
            )
        if isinstance(source, Float):
            if self.bits < source.bits:
                return refused(
                    "a double has more digits than a float(32)",
                    "declare the column as double, or round with an expression: cast(..., REAL)",
                )
            return judged_specials(source.specials, self.specials) or EXACT
        if isinstance(source, Number):
            if not _short(source):
                return checked(f"numbers of more than {DIGITS} digits are rejected")
            return judged_specials(source.specials, self.specials) or EXACT
        if getattr(source, "sort", "") == "text":
            return checked(f"text that is no number, or has more than {DIGITS} digits, is rejected")
        return None

    def accepts_unknown(self) -> Verdict:
        return refused(
            "whether the expression is a float(32) can't be told", "say its type: cast(..., Double)"
        )

    def parse(self, text: str) -> float:
        return float(text)

    def format(self, value: object) -> str:
        if not isinstance(value, (float, int)):
            raise TypeError(f"{self.name} takes a float, not {type(value).__name__}")
        number = float(value)
        if number != value and not math.isnan(number):
            raise ValueError(f"{self.name} does not keep this int exactly")
        if math.isinf(number):
            return "Infinity" if number > 0 else "-Infinity"
        return "NaN" if math.isnan(number) else repr(number).removesuffix(".0")

    def _too_large(self, staged: str) -> str:
        """MySQL reads what is too large for a double as the largest one."""
        size = f"COALESCE(ABS({staged} * 1e0), 0)"
        if self.bits == 32:
            return f"{size} > 3.4028234663852886e38"
        digits = f"REPLACE(TRIM(LEADING '-' FROM {staged}), 'e+', 'e')"
        return f"({size} >= 1.7976931348623157e308 AND {digits} <> '1.7976931348623157e308')"

    def _is_number(self, staged: str, family: Family) -> str:
        return f"{matches(staged, PLAIN, family)} OR {staged} IN ('NaN', 'Infinity', '-Infinity')"


def _mysql_written(value: str) -> str:
    """MySQL's text of a double. A FLOAT's own has six digits only.

    MySQL gives a computed double 22 characters, which some don't fit (-3.2805890036034165e-19), and takes digits away from those;
    but not in JSON, which it has since 5.7.8. Where there is none, the text is marked. MariaDB, which runs no comments of MySQL
    5.7 and later, gives each all that it takes.
    """
    double = f"({value} * 1e0)"
    text = mysql_text(double, LENGTH)
    document = mysql_text(f"JSON_ARRAY({double})", LENGTH + 2)
    document = f"TRIM(LEADING '[' FROM TRIM(TRAILING ']' FROM {document}))"
    other = f"{text} * 1e0 <> {double}"
    longer = (
        f"COALESCE(/*!50708 {document}, */ CASE WHEN {other} THEN {marked(text, 'mysql')} ELSE {text} END)"
    )
    # What is rounded beyond the largest double is read as the largest again.
    return f"CASE WHEN {other} OR ABS({double}) > 1e308 THEN {longer} ELSE {text} END"


def _short(source: Number) -> bool:
    """Whether every value of the kind has at most 15 digits."""
    return source.fraction is not None and len(str(source.high).lstrip("0")) + source.fraction <= DIGITS
