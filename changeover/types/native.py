"""PostgreSQL's types that Changeover knows by their text alone: inet, macaddr, ranges, tsvector and the like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from changeover.types.base import Family, Kind, Misfit, Verdict
from changeover.types.postgres_probe import changes
from changeover.types.verdicts import checked
from changeover.types.written import WrittenKind, plain_text


@dataclass(frozen=True)
class Native(WrittenKind):
    """A type whose output parses back to the same value. ``type_name`` is its SQL name."""

    type_name: str
    ascii: ClassVar[bool] = False
    sort: ClassVar[str] = "native"

    @property
    def name(self) -> str:
        return self.type_name.lower()

    @property
    def width(self) -> int | None:
        return None

    def written(self, value: str, family: Family) -> str:
        return plain_text(value, family)

    def store(self, staged: str, family: Family) -> str:
        return f"CAST({staged} AS {self.type_name})" if family == "postgresql" else staged

    def misfits(self, staged: str, family: Family) -> list[Misfit]:
        if family != "postgresql":
            return []
        return [Misfit(changes(staged, self.type_name), f"not {self.type_name} as PostgreSQL writes it")]

    def judged(self, source: Kind) -> Verdict | None:
        if getattr(source, "sort", "") == "text":
            return checked(f"text that is not {self.type_name} as PostgreSQL writes it is rejected")
        return None

    def parse(self, text: str) -> str:
        return text

    def format(self, value: object) -> str:
        if not isinstance(value, str):
            raise TypeError(f"{self.type_name} takes its text, not {type(value).__name__}")
        return value
