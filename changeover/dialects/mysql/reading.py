"""A chunk in one value: the server joins columns and rows, the client takes one string.

A typed row costs PyMySQL about 9 µs, a row inside one string 0.5 µs. The joined value is complete or it is not used: every row
ends with a newline, of which there are as many as rows, and nothing follows the last.

MariaDB's REPLACE moves the rest of a text for each match: a text of a million line ends would keep a server busy for minutes. Long
texts are therefore sent in hexadecimal, behind a mark that no escaped text begins with, and escaped here.
"""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import CHAR
from sqlalchemy.types import NullType

from changeover.dialects.block import Block, BlockTooLarge, encode, escape
from changeover.dialects.raw import raw
from changeover.types.written import HEXED, PlainText, Written, is_long

_ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))
_LONG = 8_192
"""Bytes of a text from which its escapes are not the server's work: at the most some 10 ms of it for a text, as measured."""
TOO_LARGE = 1301
"""The server's number for a value that became NULL since it is larger than max_allowed_packet."""
_MOST = sa.literal_column("@@max_allowed_packet DIV 4")
_HEX = re.compile(rb"(?:(?<=[\t\n])|\A)\\H([0-9A-F]*)")


def read(connection: sa.Connection, select: sa.Select[Any]) -> Block:
    """See `Dialect.read`."""
    rows = select.subquery("r")
    tab, end = sa.literal_column("'\\t'"), sa.literal_column("'\\n'")
    fields = [part for column in rows.c for part in (tab, _field(column))][1:]
    lines = sa.select(sa.func.concat(*fields, end).label("line")).select_from(rows).subquery("l")
    joined = sa.literal_column("CAST(GROUP_CONCAT(l.line SEPARATOR '') AS BINARY)")
    result = connection.execute(sa.select(sa.func.count(), joined).select_from(lines))
    large = has_too_large(connection, result)
    count, data = result.one()
    if not count:
        return Block(b"", 0)
    # Beyond a packet's limit a value, a row or the whole is NULL, and GROUP_CONCAT cuts what is too long: all mere warnings.
    if large or data is None or not data.endswith(b"\n") or data.count(b"\n") != count:
        if count > 1:
            raise BlockTooLarge(f"the old server could not send {count} rows at once")
        return _one_by_one(connection, select)
    data = data[:-1]
    return Block(_unhexed(data) if any(is_long(column.type) for column in rows.c) else data, count)


def _unhexed(data: bytes) -> bytes:
    """The block with its long texts escaped like the others."""
    if b"\\H" not in data:
        return data
    return _HEX.sub(lambda found: escape(bytes.fromhex(found[1].decode())), data)


def _field(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    # NULL by itself is of no character set. Bytes are searched faster than the characters of another collation.
    text: Any = sa.cast(column, CHAR(charset="utf8mb4")) if isinstance(column.type, NullType) else column
    plain = text.collate("utf8mb4_bin")
    text = plain
    if not isinstance(column.type, PlainText):
        for character, escaped in _ESCAPES:
            text = sa.func.replace(text, _quoted(character), _quoted(escaped))
    if is_long(column.type):
        length = sa.func.length(plain)
        hexed = sa.func.concat(sa.literal_column("'\\\\H'"), sa.func.hex(plain))
        # What is larger still gets no line, so that the row is asked for by itself.
        text = sa.case((length <= _LONG, text), (length <= _MOST, hexed))
    # A text that the escapes make too long for the server becomes NULL too, and must not pass for one.
    null = sa.case((column.is_(None), sa.literal_column("'\\\\N'")))
    return sa.func.ifnull(text, null)


def _quoted(text: str) -> sa.ColumnElement[str]:
    inner = text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return sa.literal_column(f"'{inner}'")


def _one_by_one(connection: sa.Connection, select: sa.Select[Any]) -> Block:
    """A single row too large for one value: its fields may still fit, each by itself. Bytes are written as text here.

    Raises: BlockTooLarge when one doesn't.
    """
    columns = list(select.selected_columns)
    bare = [_bytes_of(column) for column in columns]
    wanted = [c if value is None else value.label(c.name) for c, value in zip(columns, bare, strict=True)]
    result = connection.execute(select.with_only_columns(*wanted))
    large = has_too_large(connection, result)
    found = result.all()
    if large:
        raise BlockTooLarge(
            "the old server can't send a row: a value is larger, as text, than its max_allowed_packet"
        )
    lines = [
        b"\t".join(
            encode(None if value is None else _text(value, hexed=source is not None))
            for value, source in zip(row, bare, strict=True)
        )
        for row in found
    ]
    return Block(b"\n".join(lines), len(lines))


def _bytes_of(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any] | None:
    """What a column writes in hexadecimal, or None if it is something else."""
    element = column.element if isinstance(column, sa.Label) else column
    if isinstance(element, Written) and element.template == HEXED:
        (value,) = element.clauses
        return value
    return None


def _text(value: Any, *, hexed: bool) -> str:
    if isinstance(value, bytes):
        return value.hex().upper() if hexed else value.decode()
    return str(value)


def has_too_large(connection: sa.Connection, result: Any) -> bool:
    """See `Dialect.has_too_large`: the limit is max_allowed_packet. A warning that the session could not keep may have said so."""
    count = result.cursor.warning_count if result.cursor is not None else 0
    if not count:
        return False
    with raw(connection) as driver, driver.cursor() as cursor:
        cursor.execute("SHOW WARNINGS")
        kept = cursor.fetchall()
    return len(kept) < count or any(int(warning[1]) == TOO_LARGE for warning in kept)
