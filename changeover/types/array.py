"""PostgreSQL's arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from changeover.types.array_literal import format_literal, parse_literal
from changeover.types.base import Family, Kind, Misfit, Verdict
from changeover.types.postgres_probe import changes
from changeover.types.verdicts import refused
from changeover.types.written import WrittenKind, plain_text

TEXTUAL = ("integer", "text", "uuid", "enum")
"""Kinds whose items have the same text in an array as alone."""


@dataclass(frozen=True)
class Array(WrittenKind):
    """An array of any depth. To another array it goes as PostgreSQL's own text, to JSON and text as JSON.

    ``type_name`` is the SQL name of the array's type.
    """

    item: Kind
    type_name: str
    ascii: ClassVar[bool] = False
    sort: ClassVar[str] = "array"

    @property
    def name(self) -> str:
        return f"array of {self.item.name}"

    @property
    def width(self) -> int | None:
        return None

    def written(self, value: str, family: Family) -> str:
        return plain_text(value, family)

    def read(self, value: str, family: Family, target: Kind) -> str:
        if getattr(target, "sort", "") in ("json", "text") and family == "postgresql":
            return f"CAST(array_to_json({value}) AS text)"
        return super().read(value, family, target)

    def store(self, staged: str, family: Family) -> str:
        return f"CAST({staged} AS {self.type_name})" if family == "postgresql" else staged

    def misfits(self, staged: str, family: Family) -> list[Misfit]:
        if family != "postgresql":
            return []
        return [Misfit(changes(staged, self.type_name), f"not {self.type_name} as PostgreSQL writes it")]

    def judged(self, source: Kind) -> Verdict | None:
        if not isinstance(source, Array):
            return None
        sorts = {getattr(self.item, "sort", ""), getattr(source.item, "sort", "")}
        if self.item == source.item or (len(sorts) == 1 and sorts <= set(TEXTUAL)):
            return self.item.accepts(source.item)
        return refused(
            f"{source.name} is written otherwise than {self.name}", f"cast it: cast(..., {self.type_name})"
        )

    def parse(self, text: str) -> Any:
        """A list (of lists); items of the kinds in ``TEXTUAL`` as their kind gives them, others as text."""
        convert = self.item.parse if getattr(self.item, "sort", "") in TEXTUAL else str
        return parse_literal(text, convert)

    def format(self, value: object) -> str:
        if not isinstance(value, list):
            raise TypeError(f"{self.name} takes a list, not {type(value).__name__}")
        convert = self.item.format if getattr(self.item, "sort", "") in TEXTUAL else str
        return format_literal(value, convert)
