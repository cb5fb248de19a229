"""PostgreSQL's types that Changeover knows by their text alone: inet, macaddr, ranges, tsvector and the like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from changeover.types.base import Family, Kind, Misfit, Verdict
from changeover.types.postgres_probe import changes
from changeover.types.verdicts import checked
from changeover.types.written import WrittenKind, matches, plain_text


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

    def adopted(self, text: str, source: Kind, family: Family) -> str:
        if self.name not in _ADDRESSES or getattr(source, "sort", "") not in ("text", "unknown"):
            return text
        # PostgreSQL's text of an address has its netmask, other people's has not.
        quad, colons = _address(text, family)
        return (
            f"CASE WHEN {quad} THEN {_joined(text, '/32', family)} "
            f"WHEN {colons} THEN {_joined(f'lower({text})', '/128', family)} ELSE {text} END"
        )

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


_ADDRESSES = ("inet", "cidr")
_QUAD, _COLONS = "[0-9]{1,3}([.][0-9]{1,3}){3}", "[0-9A-Fa-f]*:[0-9A-Fa-f:.]+"


def _address(text: str, family: Family) -> tuple[str, str]:
    """SQL: whether the text is an IPv4 address without a netmask, and whether it is an IPv6 address without one."""
    if family == "sqlite":
        number, other = "[0-9]*", "*[^0-9A-Fa-f:.]*"
        return (
            f"({text} GLOB '{'.'.join([number] * 4)}' AND {text} NOT GLOB '*[^0-9.]*')",
            f"({text} GLOB '*:*' AND {text} NOT GLOB '{other}')",
        )
    return matches(text, _QUAD, family), matches(text, _COLONS, family)


def _joined(text: str, more: str, family: Family) -> str:
    return f"CONCAT({text}, '{more}')" if family == "mysql" else f"{text} || '{more}'"
