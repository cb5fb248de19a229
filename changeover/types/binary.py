"""Bytes, as hexadecimal text in capitals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from changeover.types.base import Family, Kind, Misfit, Verdict
from changeover.types.verdicts import EXACT, checked, narrows, refused
from changeover.types.written import HEXED, HOLE, WrittenKind, marked


@dataclass(frozen=True)
class Binary(WrittenKind):
    """At most ``octets`` bytes, None for no limit; just so many when ``fixed``: BINARY(n) fills up with zeros."""

    octets: int | None = None
    fixed: bool = False
    sort: ClassVar[str] = "binary"
    plain: ClassVar[bool] = True
    unlike_text: ClassVar[str | None] = "bytes have no character set"

    @property
    def name(self) -> str:
        size = f"({self.octets})" if self.octets is not None else ""
        return f"{'fixed ' if self.fixed else ''}binary{size}"

    @property
    def width(self) -> int | None:
        return None if self.octets is None else 2 * self.octets

    def written(self, value: str, family: Family) -> str:
        if family == "mysql":
            return HEXED.replace(HOLE, value)
        if family == "postgresql":
            return f"upper(encode({value}, 'hex'))"
        text = marked(f"CAST({value} AS TEXT)", family)
        return f"CASE typeof({value}) WHEN 'blob' THEN hex({value}) WHEN 'null' THEN NULL ELSE {text} END"

    def adopted(self, text: str, source: Kind, family: Family) -> str:  # noqa: ARG002
        return f"upper(replace({text}, '-', ''))" if getattr(source, "sort", "") == "uuid" else text

    def store(self, staged: str, family: Family) -> str:
        if family == "mysql":
            return _unhexed(staged)
        return f"decode({staged}, 'hex')" if family == "postgresql" else f"changeover_unhex({staged})"

    def differs(self, stored: str, staged: str, family: Family) -> str:
        if family == "mysql":
            return f"NOT COALESCE({stored} = {_unhexed(staged)}, {stored} IS NULL AND {staged} IS NULL)"
        if family == "postgresql":
            return f"{stored} IS DISTINCT FROM decode({staged}, 'hex')"
        return f"hex({stored}) IS NOT {staged} AND ({stored} IS NOT NULL OR {staged} IS NOT NULL)"

    def misfits(self, staged: str, family: Family) -> list[Misfit]:
        length = "CHAR_LENGTH" if family == "mysql" else "length"
        if family == "mysql":
            odd = f"COALESCE(CAST(HEX({_unhexed(staged)}) AS BINARY) <> CAST({staged} AS BINARY), TRUE)"
        elif family == "postgresql":
            odd = f"{staged} ~ '[^0-9A-F]' OR mod(length({staged}), 2) = 1"
        else:
            odd = f"{staged} GLOB '*[^0-9A-F]*' OR length({staged}) & 1"
        found = [Misfit(f"({odd})", "not bytes")]
        if self.octets is not None:
            found.append(
                Misfit(f"{length}({staged}) > {2 * self.octets}", f"longer than {self.octets} bytes")
            )
        if self.fixed and self.octets is not None and family == "mysql":
            found.append(
                Misfit(f"{length}({staged}) < {2 * self.octets}", f"shorter than {self.octets} bytes")
            )
        return found

    def judged(self, source: Kind) -> Verdict | None:
        match getattr(source, "sort", ""):
            case "binary" if isinstance(source, Binary):
                return self._judged_bytes(source)
            case "uuid" if self.octets is None or self.octets >= 16:
                return self._judged_bytes(Binary(16, fixed=True))
            case "text":
                return refused(
                    "text has no bytes without a character set", "say which: cast(..., LargeBinary)"
                )
            case _:
                return None

    def _judged_bytes(self, source: Binary) -> Verdict:
        if self.octets is not None and (source.octets is None or source.octets > self.octets):
            return narrows(f"{source.name} may be longer than {self.name}")
        if self.fixed and not (source.fixed and source.octets == self.octets):
            return checked("shorter values are rejected: BINARY would fill them up with zeros")
        return EXACT

    def accepts_unknown(self) -> Verdict:
        return refused("the expression may be text", "say its type: cast(..., LargeBinary)")

    def accepts_loose(self) -> Verdict:
        return checked("values that are not stored as bytes are rejected")

    def parse(self, text: str) -> bytes:
        return bytes.fromhex(text)

    def format(self, value: object) -> str:
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise TypeError(f"{self.name} takes bytes, not {type(value).__name__}")
        return bytes(value).hex().upper()


def _unhexed(text: str) -> str:
    """MySQL's SQL of the bytes. MariaDB takes those of a LONGTEXT for none wherever it keeps them in a temporary table, or sorts
    them: their length, of 2**32 - 1 and 1, runs over. No text is longer than a packet of 2**30."""
    return f"UNHEX(LEFT({text}, {2**30 - 1}))"
