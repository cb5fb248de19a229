# ruff: noqa: ARG002 (it is a kind of MySQL alone, and does not look at the family)
"""MySQL's SET: some of a list of labels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from changeover.types.base import Family, Kind, Misfit, Verdict
from changeover.types.verdicts import EXACT, checked, narrows
from changeover.types.written import WrittenKind, different


@dataclass(frozen=True)
class Set(WrittenKind):
    """Labels with commas between them, in the order they are declared in."""

    members: tuple[str, ...]
    ascii: ClassVar[bool] = False
    sort: ClassVar[str] = "set"

    @property
    def name(self) -> str:
        return f"set of {len(self.members)}"

    @property
    def width(self) -> int:
        return max(sum(len(member) + 1 for member in self.members) - 1, 0)

    def written(self, value: str, family: Family) -> str:
        return f"CONVERT({value} USING utf8mb4)"

    def adopted(self, text: str, source: Kind, family: Family) -> str:
        if (
            isinstance(source, Set)
            and source.members != self.members
            and set(source.members) <= set(self.members)
        ):
            return self._in_order(text)
        return text

    def store(self, staged: str, family: Family) -> str:
        return staged

    def misfits(self, staged: str, family: Family) -> list[Misfit]:
        ordered = different(self._in_order(staged), staged, staged, family)
        return [Misfit(ordered, "not some of the labels in their order")]

    def judged(self, source: Kind) -> Verdict | None:
        if isinstance(source, Set):
            missing = [member for member in source.members if member not in self.members]
            return (
                narrows(f"the new column has no label {', '.join(map(repr, missing))}") if missing else EXACT
            )
        if getattr(source, "sort", "") in ("text", "enum"):
            return checked("text that is not some of the labels in their order is rejected")
        return None

    def parse(self, text: str) -> frozenset[str]:
        return frozenset(text.split(",")) if text else frozenset()

    def format(self, value: object) -> str:
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise TypeError(f"a set takes labels, not {type(value).__name__}")
        labels = set(cast("Iterable[Any]", value))
        if not labels <= set(self.members):
            raise ValueError("not one of the set's labels")
        return ",".join(member for member in self.members if member in labels)

    def _in_order(self, text: str) -> str:
        codes = [f"_utf8mb4 X'{member.encode().hex().upper()}'" for member in self.members]
        parts = [f"CASE WHEN FIND_IN_SET({code}, {text}) > 0 THEN {code} END" for code in codes]
        return f"CONCAT_WS(',', {', '.join(parts)})"
