"""COPY, both ways: a block is what COPY writes and reads in its text format."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import psycopg
import sqlalchemy as sa

from changeover.dialects.block import MOST_BYTES, Block, BlockTooLarge, UnstageableText
from changeover.dialects.postgresql.naming import quote
from changeover.dialects.raw import raw

KEY_TYPE = 'text COLLATE "C"'
"""Bytes decide what equals what, whatever the database's collation."""

_RARE = re.compile(rb"\\(.)", re.DOTALL)
_RAW = {b"b": b"\b", b"f": b"\f", b"v": b"\v"}


def read(connection: sa.Connection, select: sa.Select[Any]) -> Block:
    """See `Dialect.read`."""
    compiled = select.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    parts, size = list[bytes](), 0
    with raw(connection) as driver:
        statement = psycopg.ClientCursor(driver).mogrify(str(compiled).encode(), compiled.params)
        with driver.cursor() as cursor, cursor.copy(f"COPY ({statement}) TO STDOUT".encode()) as copy:
            for line in copy:  # a row each
                parts.append(bytes(line))
                size += len(line)
                if size > MOST_BYTES and len(parts) > 1:
                    raise BlockTooLarge(f"more than {len(parts)} rows are too large for one chunk")
    data = b"".join(parts)
    if data.endswith(b"\n"):
        data = data[:-1]
    rows = data.count(b"\n") + 1 if parts else 0
    return Block(_plain(data), rows)


def _plain(data: bytes) -> bytes:
    """COPY also escapes backspace, form feed and vertical tab, which other readers of the format don't know."""
    if b"\\b" not in data and b"\\f" not in data and b"\\v" not in data:
        return data
    return _RARE.sub(lambda found: _RAW.get(found.group(1), found.group(0)), data)


def stage(connection: sa.Connection, name: str, columns: Sequence[str], block: Block) -> None:
    """See `Dialect.stage`."""
    types = [KEY_TYPE, *["text"] * (len(columns) - 1)]
    fields = ", ".join(f"{quote(column)} {kind}" for column, kind in zip(columns, types, strict=True))
    if b"\0" in block.data:
        raise UnstageableText("some text holds U+0000, which PostgreSQL can't store")
    with raw(connection) as driver, driver.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{quote(name)}".encode())
        cursor.execute(f"CREATE TEMPORARY TABLE {quote(name)} ({fields}) ON COMMIT DROP".encode())
        if not block.rows:
            return
        try:
            block.data.decode()
        except UnicodeDecodeError:
            raise UnstageableText("some text is not valid UTF-8") from None
        with cursor.copy(f"COPY {quote(name)} FROM STDIN".encode()) as copy:
            copy.write(block.data)
            copy.write(b"\n")
        loaded = cursor.rowcount
        # Never analysed by itself, a temporary table is planned for as if it held a page or two.
        cursor.execute(f"ANALYZE {quote(name)} ({quote(columns[0])})".encode())
    if loaded != block.rows:
        raise RuntimeError(f"staged {loaded} of {block.rows} rows")
