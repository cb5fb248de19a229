"""UUIDs, in small letters with dashes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import ClassVar

from changeover.types.base import Family, Kind, Misfit, Verdict
from changeover.types.verdicts import EXACT, checked
from changeover.types.written import WrittenKind, matches, plain_text

HEX = "[0-9a-f]"
GROUPS = (8, 4, 4, 4, 12)


@dataclass(frozen=True)
class Uuid(WrittenKind):
    """PostgreSQL's and MariaDB's UUID. Sixteen bytes, or 32 or 36 characters, stand for one in other columns.

    ``versioned`` is set for MariaDB, which takes none that is of no version and variant it knows.
    """

    versioned: bool = False
    sort: ClassVar[str] = "uuid"

    @property
    def name(self) -> str:
        return "uuid"

    @property
    def width(self) -> int:
        return 36

    def written(self, value: str, family: Family) -> str:
        return plain_text(value, family)

    def read(self, value: str, family: Family, target: Kind) -> str:
        text = super().read(value, family, target)
        if getattr(target, "sort", "") == "text" and getattr(target, "length", None) == 32:
            return f"replace({text}, '-', '')"
        return text

    def adopted(self, text: str, source: Kind, family: Family) -> str:
        sort = getattr(source, "sort", "")
        if sort not in ("text", "unknown", "binary"):
            return f"lower({text})" if family == "sqlite" else text
        short = f"length({text}) = 32" if family != "mysql" else f"CHAR_LENGTH({text}) = 32"
        return f"CASE WHEN {short} THEN {_dashed(f'lower({text})', family)} ELSE lower({text}) END"

    def store(self, staged: str, family: Family) -> str:
        return f"CAST({staged} AS uuid)" if family == "postgresql" else staged

    def misfits(self, staged: str, family: Family) -> list[Misfit]:
        if family == "sqlite":
            form = f"{staged} GLOB '{'-'.join(HEX * count for count in GROUPS)}'"
        else:
            form = matches(staged, "-".join(f"{HEX}{{{count}}}" for count in GROUPS), family)
        found = [Misfit(f"NOT ({form})", "not a UUID")]
        if family == "mysql":
            found.append(Misfit(f"CAST({staged} AS UUID) IS NULL", "a UUID of no version that MariaDB takes"))
        return found

    def judged(self, source: Kind) -> Verdict | None:
        match getattr(source, "sort", ""):
            case "uuid":
                return checked("UUIDs of no known version are rejected") if self.versioned else EXACT
            case "text":
                return checked("text that is not a UUID is rejected")
            case "binary" if getattr(source, "octets", 0) == 16:
                return checked("bytes are taken in their order: time-swapped ones need an expression")
            case _:
                return None

    def parse(self, text: str) -> uuid.UUID:
        return uuid.UUID(text)

    def format(self, value: object) -> str:
        if not isinstance(value, uuid.UUID):
            raise TypeError(f"uuid takes a uuid.UUID, not {type(value).__name__}")
        return str(value)


def _dashed(text: str, family: Family) -> str:
    starts = [1 + sum(GROUPS[:index]) for index in range(len(GROUPS))]
    parts = [f"substr({text}, {start}, {count})" for start, count in zip(starts, GROUPS, strict=True)]
    return f"CONCAT_WS('-', {', '.join(parts)})" if family == "mysql" else " || '-' || ".join(parts)
