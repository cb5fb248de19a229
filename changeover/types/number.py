"""Exact numbers: what integers, decimals, booleans and bits have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from changeover.types.base import Family, Kind, Verdict
from changeover.types.verdicts import checked
from changeover.types.written import WrittenKind, matches, trimmed

UNBOUNDED = 10**1000
"""Beyond every bounded number kind of any database."""


class Number(WrittenKind):
    """A kind of exact numbers; the canonical text is plain: no exponent, plus, leading zero, zero at the end of a
    fraction, or ``-0``."""

    plain: ClassVar[bool] = True

    @property
    @abstractmethod
    def low(self) -> int:
        """No value has a lower whole part."""

    @property
    @abstractmethod
    def high(self) -> int:
        """No value has a higher whole part."""

    @property
    @abstractmethod
    def fraction(self) -> int | None:
        """The most digits after the point; None for no limit."""

    @property
    def specials(self) -> tuple[str, ...]:
        """Which of ``NaN`` and ``Infinity`` it holds."""
        return ()

    def adopted(self, text: str, source: Kind, family: Family) -> str:
        sort = getattr(source, "sort", "")
        if sort == "float":
            return without_exponent(text, family)
        if sort in ("text", "unknown"):
            return without_idle_zeros(text, family)
        return text


def judged_specials(source: tuple[str, ...], target: tuple[str, ...]) -> Verdict | None:
    """CHECKED where the source holds NaN or infinity, and the target does not."""
    missing = [special for special in source if special not in target]
    return (
        checked(f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} rejected")
        if missing
        else None
    )


def without_idle_zeros(text: str, family: Family) -> str:
    """SQL of free text: ``1.50`` becomes ``1.5`` and ``2.0`` becomes ``2``; what is no such number stays as it is.

    On MySQL so does what is longer than any number there: its TRIM takes quadratic time.
    """
    if family == "sqlite":
        number = (
            f"{text} GLOB '*[0-9].*' AND NOT {text} GLOB '*.*.*'"
            f" AND NOT {text} GLOB '*[^0-9.-]*' AND NOT {text} GLOB '?*-*'"
        )
    else:
        number = matches(text, "-?[0-9]+[.][0-9]*", family)
    return f"CASE WHEN {number} THEN {trimmed(text, family)} ELSE {text} END"


def without_exponent(text: str, family: Family) -> str:
    """SQL of a double's shortest text: ``1e+20`` and ``1e-05`` written out, ``-0`` as ``0``.

    A number too large or too small for a DECIMAL(65,30) keeps its exponent on MySQL, and is rejected for it.
    SQLite writes it out already (``changeover_decimal_text``).
    """
    if family == "mysql":
        decimal = f"CAST({text} AS DECIMAL(65,30))"
        plain = trimmed(f"CAST({decimal} AS CHAR(68) CHARACTER SET utf8mb4)", family)
        return (
            f"CASE WHEN {text} = '-0' THEN '0'"
            f" WHEN LOCATE('e', {text}) > 0 AND {decimal} * 1e0 = {text} * 1e0 THEN {plain} ELSE {text} END"
        )
    if family == "postgresql":
        return (
            f"CASE WHEN {text} = '-0' THEN '0'"
            f" WHEN strpos({text}, 'e') > 0 THEN CAST(CAST({text} AS numeric) AS text) ELSE {text} END"
        )
    return text


def significant_digits(text: str, family: Family) -> str:
    """SQL of how many significant digits a plain or exponential number's text has."""
    if family == "mysql":
        mantissa = f"SUBSTRING_INDEX(LOWER({text}), 'e', 1)"
        return f"CHAR_LENGTH(TRIM(BOTH '0' FROM REPLACE(REPLACE({mantissa}, '-', ''), '.', '')))"
    if family == "postgresql":
        mantissa = f"split_part(lower({text}), 'e', 1)"
        return f"length(trim(BOTH '0' FROM replace(replace({mantissa}, '-', ''), '.', '')))"
    mantissa = f"substr({text}, 1, instr(lower({text}) || 'e', 'e') - 1)"
    return f"length(trim(replace(replace({mantissa}, '-', ''), '.', ''), '0'))"
