"""One of a list of labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from changeover.types.base import Family, Kind, Misfit, Verdict
from changeover.types.verdicts import EXACT, checked, narrows
from changeover.types.written import WrittenKind, sqlite_text


@dataclass(frozen=True)
class Enum(WrittenKind):
    """MySQL's and PostgreSQL's ENUM, by its labels.

    ``type_name`` is PostgreSQL's name of the type, quoted. ``blank`` says that a value may also be MySQL's error value
    ``''``, which a column gets when a label that it does not have is written without strict mode.
    """

    members: tuple[str, ...]
    type_name: str | None = None
    blank: bool = False
    ascii: ClassVar[bool] = False
    sort: ClassVar[str] = "enum"

    @property
    def name(self) -> str:
        return f"enum of {len(self.members)}"

    @property
    def width(self) -> int:
        return max((len(member) for member in self.members), default=0)

    def written(self, value: str, family: Family) -> str:
        if family == "mysql":
            return f"CONVERT({value} USING utf8mb4)"
        return f"CAST({value} AS text)" if family == "postgresql" else sqlite_text(value)

    def store(self, staged: str, family: Family) -> str:
        return f"CAST({staged} AS {self.type_name})" if family == "postgresql" and self.type_name else staged

    def misfits(self, staged: str, family: Family) -> list[Misfit]:
        return [
            Misfit(
                f"{octets_of(staged, family)} NOT IN ({octets(self.members, family)})",
                "not one of the labels",
            )
        ]

    def judged(self, source: Kind) -> Verdict | None:
        if isinstance(source, Enum):
            missing = [member for member in source.members if member not in self.members]
            if missing:
                return narrows(f"the new column has no label {', '.join(map(repr, missing))}")
            if source.blank and "" not in self.members:
                return checked("MySQL's error value '' is rejected")
            return EXACT
        if getattr(source, "sort", "") == "text":
            return checked("text that is not one of the labels is rejected")
        return None

    def parse(self, text: str) -> str:
        return text

    def format(self, value: object) -> str:
        if not isinstance(value, str):
            raise TypeError(f"an enum takes a str, not {type(value).__name__}")
        return value


def octets_of(text: str, family: Family) -> str:
    """SQL of a text's bytes, which compare without a collation."""
    if family == "postgresql":
        return f"convert_to({text}, 'UTF8')"
    return f"CAST({text} AS {'BINARY' if family == 'mysql' else 'BLOB'})"


def octets(labels: tuple[str, ...], family: Family) -> str:
    """SQL of labels as bytes: free of quoting, whatever they hold."""
    codes = [label.encode().hex().upper() for label in labels] or ["FF"]
    if family == "postgresql":
        return ", ".join(f"decode('{code}', 'hex')" for code in codes)
    return ", ".join(f"X'{code}'" for code in codes)
