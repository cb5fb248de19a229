"""JSON documents: kept as text, or taken apart and normalised by the database."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

from changeover.types.base import Family, Kind, Misfit, Verdict
from changeover.types.postgres_probe import recast
from changeover.types.verdicts import EXACT, checked
from changeover.types.written import WrittenKind, different, plain_text, sqlite_text


@dataclass(frozen=True)
class Json(WrittenKind):
    """A JSON document.

    ``normalises`` is set for PostgreSQL's jsonb and MySQL's JSON: spaces, the order of members and the spelling of
    strings are theirs, and what is compared is the document. PostgreSQL's json, and JSON on MariaDB and SQLite, keep
    the text, and the text is compared. Either way a member that occurs twice in an object may not get lost.
    ``numeric`` is set for a column that SQLite gives numeric affinity, as it does to one declared JSON: a document that
    is a mere number would be stored as that number.
    """

    normalises: bool = False
    numeric: bool = False
    ascii: ClassVar[bool] = False
    sort: ClassVar[str] = "json"

    @property
    def name(self) -> str:
        return "json, normalised" if self.normalises else "json"

    @property
    def width(self) -> int | None:
        return None

    def written(self, value: str, family: Family) -> str:
        return sqlite_text(value) if family == "sqlite" else plain_text(value, family)

    def store(self, staged: str, family: Family) -> str:
        if family == "postgresql":
            return f"CAST({staged} AS {'jsonb' if self.normalises else 'json'})"
        return staged

    def differs(self, stored: str, staged: str, family: Family) -> str:
        if not self.normalises:
            return different(self.written(stored, family), stored, staged, family)
        if family == "mysql":
            canonical = different(self.written(stored, family), stored, _mysql_normal(staged), family)
            fewer = _fewer_members(self.written(stored, family), staged, family)
            return f"({canonical} OR {fewer} OR {_rounded(staged)})"
        fewer = _fewer_members(f"CAST({stored} AS text)", staged, family)
        return f"({stored} IS DISTINCT FROM CAST({staged} AS jsonb) OR {fewer})"

    def misfits(self, staged: str, family: Family) -> list[Misfit]:
        if family == "mysql":
            return self._mysql_misfits(staged)
        if family == "sqlite":
            number = f"json_type({staged}) IN ('integer', 'real')"
            respelled = f"{number} AND CAST(CAST({staged} AS NUMERIC) AS TEXT) IS NOT {staged}"
            return [
                Misfit(f"NOT json_valid({staged})", "not JSON"),
                Misfit(
                    f"CASE WHEN json_valid({staged}) THEN {respelled} ELSE 0 END",
                    "a number whose spelling SQLite would change",
                ),
            ]
        found = [Misfit(f"({recast(staged, 'json')}) IS NULL", "not JSON")]
        if self.normalises:
            normal = recast(staged, "jsonb")
            found += [
                Misfit(f"({normal}) IS NULL", "JSON that jsonb does not hold, such as U+0000 in a string"),
                Misfit(_fewer_members(normal, staged, family), "an object with the same member twice"),
            ]
        return found

    def _mysql_misfits(self, staged: str) -> list[Misfit]:
        valid = f"COALESCE(JSON_VALID({staged}), FALSE)"
        found = [Misfit(f"NOT {valid}", "not JSON")]
        if self.normalises:
            fewer = _fewer_members(_mysql_normal(staged), staged, "mysql")
            found += [
                Misfit(
                    f"CASE WHEN {valid} THEN {fewer} ELSE FALSE END", "an object with the same member twice"
                ),
                Misfit(_rounded(staged), "a number of more digits than a double keeps"),
            ]
        return found

    def judged(self, source: Kind) -> Verdict | None:
        match getattr(source, "sort", ""):
            case "json":
                if self.normalises and not getattr(source, "normalises", False):
                    return checked(
                        "the document is kept, not its spelling; the same member twice is rejected"
                    )
                if self.numeric and not getattr(source, "numeric", False):
                    return checked(
                        "a document that is a mere number is rejected where SQLite would respell it"
                    )
                return EXACT
            case "text":
                return checked("text that is not JSON is rejected")
            case "array":
                return EXACT
            case _:
                return None

    def parse(self, text: str) -> Any:
        return json.loads(text)

    def format(self, value: object) -> str:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _mysql_normal(staged: str) -> str:
    return f"CAST(JSON_EXTRACT({staged}, '$') AS CHAR CHARACTER SET utf8mb4)"


def _rounded(staged: str) -> str:
    """SQL, never NULL: a number in the document may have more digits than MySQL, which makes doubles of them, keeps.

    Whole numbers of up to 18 digits and fractions of up to 15 are safe. The first look spares most documents the rest.
    """
    bare = _bare(staged, "mysql")
    long = f"{bare} REGEXP '[0-9]{{19}}|([0-9][.]?){{16}}' AND {bare} REGEXP '[0-9]{{19}}|[.][0-9]'"
    return f"COALESCE({staged} REGEXP '[0-9.]{{16}}' AND {long}, FALSE)"


def _fewer_members(normal: str, staged: str, family: Family) -> str:
    """SQL, never NULL: the normalised document has fewer members than the text it was made from.

    A member dropped takes at least its colon along, and an escaped colon (``u003a``) that is kept becomes one. If the
    colons that came are as many as there are such escapes, then none went. Only otherwise are the strings taken out on
    both sides and the colons left over counted, which is exact and slow.
    """
    came = f"{_colons(normal, family)} = {_colons(staged, family)} + {_escaped_colons(staged, family)}"
    fewer = f"{_colons(_bare(normal, family), family)} < {_colons(_bare(staged, family), family)}"
    return f"COALESCE(CASE WHEN {came} THEN 1 = 0 ELSE {fewer} END, 1 = 0)"


def _escaped_colons(text: str, family: Family) -> str:
    """How often ``u003a`` occurs, in either case."""
    length = "CHAR_LENGTH" if family == "mysql" else "length"
    return f"({length}({text}) - {length}(replace(replace({text}, 'u003a', ''), 'u003A', ''))) / 5"


def _colons(text: str, family: Family) -> str:
    length = "CHAR_LENGTH" if family == "mysql" else "length"
    return f"{length}({text}) - {length}(replace({text}, ':', ''))"


def _bare(text: str, family: Family) -> str:
    """JSON without its strings: the pattern is ``"([^"\\\\]|\\\\.)*"``, written without a backslash."""
    if family == "mysql":
        slash = "CHAR(92 USING utf8mb4)"
        pattern = f"CONCAT('(?s)\"([^\"', {slash}, {slash}, ']|', {slash}, {slash}, '.)*\"')"
        return f"REGEXP_REPLACE({text}, {pattern}, '')"
    slash = "chr(92)"
    pattern = f"'\"([^\"' || {slash} || {slash} || ']|' || {slash} || {slash} || '.)*\"'"
    return f"regexp_replace({text}, {pattern}, '', 'g')"
