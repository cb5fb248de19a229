# ruff: noqa: ARG002 (it is never stored: most of what a kind is asked does not concern it)
"""Expressions whose type can't be told: read as text, judged value by value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NoReturn

from changeover.types.base import Family, Kind, Misfit, Verdict
from changeover.types.binary import Binary
from changeover.types.number import Number
from changeover.types.verdicts import refused
from changeover.types.written import WrittenKind, mysql_text, sqlite_text


@dataclass(frozen=True)
class Unknown(WrittenKind):
    """An expression of the old database without a known type. It is never the kind of a target column."""

    ascii: ClassVar[bool] = False
    sort: ClassVar[str] = "unknown"

    @property
    def name(self) -> str:
        return "unknown"

    @property
    def width(self) -> int | None:
        return None

    def written(self, value: str, family: Family) -> str:
        if family == "mysql":
            return mysql_text(value)
        return f"CAST({value} AS text)" if family == "postgresql" else sqlite_text(value)

    def read(self, value: str, family: Family, target: Kind) -> str:
        if family == "sqlite" and isinstance(target, Number):
            return target.adopted(sqlite_text(value, real="changeover_decimal_text"), self, family)
        if family == "sqlite" and getattr(target, "sort", "") == "binary":
            return Binary().written(value, family)
        return super().read(value, family, target)

    def accepts(self, source: Kind) -> Verdict:
        return refused("the column has no type", "declare one in the new table")

    def store(self, staged: str, family: Family) -> NoReturn:
        raise TypeError("an unknown type can't be stored")

    def misfits(self, staged: str, family: Family) -> list[Misfit]:
        return []

    def judged(self, source: Kind) -> Verdict | None:
        return None

    def parse(self, text: str) -> str:
        return text

    def format(self, value: object) -> str:
        if not isinstance(value, str):
            raise TypeError("an expression of unknown type takes a str")
        return value
