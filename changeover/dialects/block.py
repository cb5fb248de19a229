"""A chunk on its way: rows of canonical text, as bytes.

Fields are separated by tabs, rows by newlines. In a field, backslash, tab, newline and carriage return are written
``\\\\ \\t \\n \\r``, and NULL is ``\\N``: the format that LOAD DATA and COPY both read. Any other byte stands for itself. A
block is handled whole; only rare repairs look at its rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from changeover.errors import ChangeoverError

_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_PLAIN = {b"\\": b"\\", b"t": b"\t", b"n": b"\n", b"r": b"\r"}


MOST_BYTES = 16_000_000
"""Of a block of several rows: four times what a chunk aims at. The first chunk of a table of very wide rows meets it."""


class BlockTooLarge(ChangeoverError):
    """The old server can't send a chunk in one piece, or it is larger than `MOST_BYTES`. Fewer rows are asked for, down to one."""


class UnstageableText(ChangeoverError):
    """The new database can't hold some text of a chunk in any column. ``rows`` are places of such rows (from 0) and reasons,
    as far as they are known."""

    def __init__(self, message: str, rows: Mapping[int, str] | None = None) -> None:
        super().__init__(message)
        self.rows = dict(rows or {})


@dataclass(frozen=True)
class Block:
    """``rows`` rows as ``data``, which is empty only if there are none."""

    data: bytes
    rows: int

    def lines(self) -> list[bytes]:
        """The rows, still escaped."""
        return self.data.split(b"\n") if self.rows else []

    def measure(self, fields: int) -> tuple[int, int]:
        """How many bytes its texts have, and how many are NULL, if each row has so many fields."""
        if not self.rows:
            return 0, 0
        length = len(self.data) - (self.rows * fields - 1)
        if b"\\" not in self.data:
            return length, 0
        # Counted from the left, two backslashes are one escape. A NULL is a backslash of its own before an N.
        nulls = self.data.count(b"\\N") - self.data.count(b"\\\\N")
        escapes = self.data.count(b"\\") - self.data.count(b"\\\\")
        # A NULL is counted as an escape of one byte, which it hasn't got.
        return length - escapes - nulls, nulls

    def columns(self, wanted: Sequence[int]) -> list[list[str | None]]:
        """The texts of some columns, by their places; None is NULL. Raises UnicodeDecodeError for text that isn't UTF-8."""
        taken: list[list[str | None]] = [[] for _ in wanted]
        for line in self.lines():
            fields = line.split(b"\t")
            for into, place in zip(taken, wanted, strict=True):
                into.append(decode(fields[place]))
        return taken

    def with_columns(self, columns: Sequence[Sequence[str | None]]) -> Block:
        """The block with further columns at the end of each row."""
        if not columns or not self.rows:
            return self
        added = zip(*columns, strict=True)
        lines = [
            b"\t".join((line, *map(encode, more))) for line, more in zip(self.lines(), added, strict=True)
        ]
        return Block(b"\n".join(lines), self.rows)

    def without(self, places: Iterable[int]) -> Block:
        """The block without the rows at these places (from 0)."""
        gone = set(places)
        if not gone:
            return self
        lines = [line for place, line in enumerate(self.lines()) if place not in gone]
        return Block(b"\n".join(lines), len(lines))


def encode(text: str | None) -> bytes:
    """One field."""
    if text is None:
        return b"\\N"
    return escape(text.encode())


def escape(data: bytes) -> bytes:
    """A field's bytes, with what would end it escaped."""
    if b"\\" in data or b"\t" in data or b"\n" in data or b"\r" in data:
        data = (
            data.replace(b"\\", b"\\\\").replace(b"\t", b"\\t").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
        )
    return data


def decode(field: bytes) -> str | None:
    """One field's text. Raises UnicodeDecodeError when it isn't UTF-8."""
    if field == b"\\N":
        return None
    return unescape(field).decode()


def unescape(field: bytes) -> bytes:
    """A field's bytes without its escapes."""
    if b"\\" not in field:
        return field
    return _ESCAPE.sub(lambda found: _PLAIN.get(found.group(1), found.group(1)), field)
