"""Bit strings of a fixed length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from changeover.types.base import Family, Kind, Misfit, Verdict
from changeover.types.number import Number
from changeover.types.verdicts import EXACT, checked, refused
from changeover.types.written import WrittenKind, matches, mysql_text


@dataclass(frozen=True)
class Bit(Number):
    """BIT(n) of MySQL and PostgreSQL: ``0`` and ``1``, ``length`` of them; the number it stands for in another kind."""

    length: int = 1
    sort: ClassVar[str] = "bit"

    @property
    def name(self) -> str:
        return f"bit({self.length})"

    @property
    def low(self) -> int:
        return 0

    @property
    def high(self) -> int:
        return 2**self.length - 1

    @property
    def fraction(self) -> int:
        return 0

    @property
    def width(self) -> int:
        return self.length

    def written(self, value: str, family: Family) -> str:
        if family == "mysql":
            return mysql_text(f"LPAD(BIN({value} + 0), {self.length}, '0')")
        return f"CAST({value} AS text)"

    def read(self, value: str, family: Family, target: Kind) -> str:
        as_number = isinstance(target, Number) or getattr(target, "sort", "") == "float"
        if not as_number or isinstance(target, Bit) or not isinstance(target, WrittenKind):
            return super().read(value, family, target)
        return target.adopted(self._number(value, family), self, family)

    def _number(self, value: str, family: Family) -> str:
        if family == "mysql":
            return mysql_text(f"{value} + 0")
        number = f"CAST({value} AS bigint)"
        if self.length < 64:
            return f"CAST({number} AS text)"
        return f"CAST({number} + CAST(get_bit({value}, 0) AS numeric) * {2**64} AS text)"

    def store(self, staged: str, family: Family) -> str:
        if family == "mysql":
            return f"CAST(CONV({staged}, 2, 10) AS UNSIGNED)"
        # A cast to bit(n) would cut or fill up; an assignment of bit varying refuses.
        return f"CAST({staged} AS bit varying)"

    def misfits(self, staged: str, family: Family) -> list[Misfit]:
        form = matches(staged, f"[01]{{{self.length}}}", family)
        return [Misfit(f"NOT ({form})", f"not {self.length} bits")]

    def judged(self, source: Kind) -> Verdict | None:
        if isinstance(source, Bit):
            return refused(
                f"{source.name} and {self.name} differ in length",
                "declare the same length, or cast to an integer",
            )
        if self.length == 1 and isinstance(source, Number):
            if (source.low, source.high, source.fraction) == (0, 1, 0):
                return EXACT
            return checked("numbers other than 0 and 1 are rejected")
        if getattr(source, "sort", "") == "text":
            return checked(f"text that is not {self.length} times 0 or 1 is rejected")
        return None

    def parse(self, text: str) -> int:
        return int(text, 2)

    def format(self, value: object) -> str:
        if not isinstance(value, int) or not 0 <= value <= self.high:
            raise ValueError(f"{self.name} takes an int from 0 to {self.high}")
        return f"{int(value):0{self.length}b}"
