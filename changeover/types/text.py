"""Text of any length and character set, compared byte for byte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from changeover.types.base import Family, Kind, Misfit, Verdict
from changeover.types.verdicts import EXACT, checked, narrows, refused
from changeover.types.written import MARK_SQL, WrittenKind, different, is_marked, sqlite_text

UNICODE = (None, "utf8mb4")
OCTETS_PER_CHARACTER = {
    "utf8mb4": 4,
    "utf8mb3": 3,
    "utf8": 3,
    "latin1": 1,
    "ascii": 1,
    "binary": 1,
    "ucs2": 2,
}


@dataclass(frozen=True)
class Text(WrittenKind):
    """Text of at most ``length`` characters and ``octets`` bytes (in its own character set); None for no limit.

    ``charset`` is MySQL's, None for full Unicode. ``fixed`` is CHAR(n), which does not keep spaces at the end.
    ``nul`` is false where U+0000 can't be stored (PostgreSQL).
    """

    length: int | None = None
    octets: int | None = None
    charset: str | None = None
    fixed: bool = False
    nul: bool = True
    ascii: ClassVar[bool] = False
    sort: ClassVar[str] = "text"

    @property
    def name(self) -> str:
        size = self.length if self.length is not None else f"{self.octets} bytes" if self.octets else None
        charset = f" in {self.charset}" if self.charset not in UNICODE else ""
        return f"{'fixed ' if self.fixed else ''}text{f'({size})' if size is not None else ''}{charset}"

    @property
    def width(self) -> int | None:
        limits = [limit for limit in (self.length, self.octets) if limit is not None]
        return min(limits) if limits else None

    def written(self, value: str, family: Family) -> str:
        if family == "mysql":
            return f"CONVERT({value} USING utf8mb4)"
        if family == "postgresql":
            return f"CAST({value} AS text)"
        return sqlite_text(value)

    def store(self, staged: str, family: Family) -> str:  # noqa: ARG002
        return staged

    def differs(self, stored: str, staged: str, family: Family) -> str:
        if family == "sqlite":
            return f"({different(stored, stored, staged, family)} OR {is_marked(staged, family)})"
        # A column in full Unicode needs no other spelling to be compared by its bytes.
        plain = family == "mysql" and self.charset == "utf8mb4"
        canonical = stored if plain else self.written(stored, family)
        return f"({different(canonical, stored, staged, family)} OR {is_marked(staged, family)})"

    def shown(self, stored: str, family: Family) -> str:
        if family != "sqlite":
            return super().shown(stored, family)
        # A number in such a column is not the text of its digits. One mark alone is the old side's.
        other = f"{MARK_SQL[family]} || {MARK_SQL[family]} || hex({stored})"
        return f"CASE WHEN typeof({stored}) IN ('text', 'null') THEN {stored} ELSE {other} END"

    def alike(self, source: Kind, family: Family) -> bool:
        unicode = isinstance(source, Text) and source.charset in UNICODE and self.charset in UNICODE
        return family == "mysql" and unicode

    def misfits(self, staged: str, family: Family) -> list[Misfit]:
        found = [
            Misfit(is_marked(staged, family), "not text of the old column's type (bytes, or too many digits)")
        ]
        if self.length is not None:
            count = "CHAR_LENGTH" if family == "mysql" else "length"
            found.append(
                Misfit(f"{count}({staged}) > {self.length}", f"longer than {self.length} characters")
            )
        if family == "mysql":
            found += self._mysql_misfits(staged)
        elif self.octets is not None:
            octets = (
                f"octet_length({staged})" if family == "postgresql" else f"length(CAST({staged} AS BLOB))"
            )
            found.append(Misfit(f"{octets} > {self.octets}", f"longer than {self.octets} bytes"))
        if self.fixed and family != "sqlite":
            last = f"RIGHT({staged}, 1)" if family == "postgresql" else f"CAST(RIGHT({staged}, 1) AS BINARY)"
            found.append(Misfit(f"{last} = ' '", "ends in spaces, which CHAR does not keep"))
        return found

    def _mysql_misfits(self, staged: str) -> list[Misfit]:
        found: list[Misfit] = []
        own = staged if self.charset in UNICODE else f"CONVERT({staged} USING {self.charset})"
        if self.octets is not None:
            found.append(Misfit(f"OCTET_LENGTH({own}) > {self.octets}", f"longer than {self.octets} bytes"))
        if self.charset not in UNICODE:
            back = f"CAST(CONVERT({own} USING utf8mb4) AS BINARY)"
            found.append(
                Misfit(
                    f"{back} <> CAST({staged} AS BINARY)",
                    f"holds characters that {self.charset} does not have",
                )
            )
        return found

    def judged(self, source: Kind) -> Verdict | None:
        if not isinstance(source, WrittenKind):
            return None
        if source.unlike_text is not None:
            return refused(f"{source.unlike_text}", "write the text with an expression, or a value map")
        longest = source.width
        if isinstance(source, Text):
            if self._shorter_than(source):
                return narrows(f"{source.name} may be longer than {self.name}")
            return self._judged_characters(source)
        if source.sort == "uuid" and self.length == 32:
            return EXACT
        limit = self.width
        if limit is not None and (longest is None or longest > limit):
            return narrows(f"{source.name} may be longer than {self.name}")
        if self.charset not in UNICODE and not source.ascii:
            return checked(f"characters that {self.charset} does not have are rejected")
        return EXACT

    def _shorter_than(self, source: Text) -> bool:
        characters = source.width
        if self.length is not None and (characters is None or characters > self.length):
            return True
        if self.octets is None:
            return False
        if source.octets is not None and (source.charset == self.charset or source.charset in UNICODE):
            return source.octets > self.octets
        return (
            characters is None
            or characters * OCTETS_PER_CHARACTER.get(self.charset or "utf8mb4", 4) > self.octets
        )

    def _judged_characters(self, source: Text) -> Verdict:
        if self.charset not in UNICODE and not _contains(self.charset, source.charset):
            return checked(f"characters that {self.charset} does not have are rejected")
        if self.fixed and not source.fixed:
            return checked("text that ends in spaces is rejected: CHAR does not keep them")
        if source.nul and not self.nul:
            return checked("text with U+0000 is rejected: PostgreSQL does not hold it")
        return EXACT

    def parse(self, text: str) -> str:
        return text

    def format(self, value: object) -> str:
        if not isinstance(value, str):
            raise TypeError(f"{self.name} takes a str, not {type(value).__name__}")
        return value


def _contains(charset: str | None, other: str | None) -> bool:
    """Whether every character of the character set ``other`` is in ``charset``."""
    if charset == other or other == "ascii":
        return True
    return charset in ("utf8", "utf8mb3") and other in ("utf8", "utf8mb3", "latin1", "ucs2")
