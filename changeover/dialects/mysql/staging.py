"""The staging table of MariaDB and MySQL, filled by LOAD DATA LOCAL where both ends allow it, else by one long INSERT.

LOAD DATA LOCAL never fails on a value that doesn't fit, it changes it. Staging columns are text of any length for
this reason: everything fits, and the strict INSERT … SELECT that follows is what judges.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from changeover.dialects.block import Block, UnstageableText
from changeover.dialects.mysql.naming import quote
from changeover.dialects.raw import raw
from changeover.errors import MappingError

KEY_TYPE = "VARBINARY(1024)"
"""Bytes decide what equals what, and trailing spaces count. 1,024 bytes are what an index on it and an id has room for."""

_TEXT = "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"


def stage(connection: sa.Connection, name: str, columns: Sequence[str], block: Block) -> None:
    """See `Dialect.stage`."""
    types = [KEY_TYPE, *[_TEXT] * (len(columns) - 1)]
    fields = ", ".join(f"{quote(column)} {kind}" for column, kind in zip(columns, types, strict=True))
    with raw(connection) as driver, driver.cursor() as cursor:
        cursor.execute(f"DROP TEMPORARY TABLE IF EXISTS {quote(name)}")
        cursor.execute(f"CREATE TEMPORARY TABLE {quote(name)} ({fields}) ENGINE={_engine(connection)}")
        if not block.rows:
            return
        try:
            block.data.decode()
        except UnicodeDecodeError:
            raise UnstageableText("some text is not valid UTF-8") from None
        by_file = _local_infile(connection, cursor)
        loaded = _load(cursor, name, block) if by_file else _insert(driver, cursor, name, block)
        if loaded != block.rows or _staged(cursor, name, columns) != block.measure(len(columns)):
            raise RuntimeError(f"the stage of {block.rows} rows does not hold what was read")


def _load(cursor: Any, name: str, block: Block) -> int:
    handle = os.memfd_create("changeover") if hasattr(os, "memfd_create") else None
    if handle is None:
        raise RuntimeError("LOAD DATA LOCAL needs Linux's memfd")
    try:
        with os.fdopen(os.dup(handle), "wb") as file:
            file.write(block.data)
            # Without it, an empty last field of the last row would be a field that is not there, and so NULL.
            file.write(b"\n")
        cursor.execute(
            f"LOAD DATA LOCAL INFILE '/proc/self/fd/{handle}' INTO TABLE {quote(name)} CHARACTER SET utf8mb4"
        )
        if cursor.warning_count:
            raise MappingError(
                f"the new server changed {cursor.warning_count} values while they were staged: some root's key is longer than "
                "1,024 bytes; name a shorter unique set of columns with key=(…)"
            )
        return cursor.rowcount
    finally:
        os.close(handle)


def _staged(cursor: Any, name: str, columns: Sequence[str]) -> tuple[int, int]:
    """How many bytes of text and how many NULLs the stage holds.

    What is written is later compared with the stage: that the stage is what was read has to be seen here.
    """
    quoted = [quote(column) for column in columns]
    octets = " + ".join(f"COALESCE(OCTET_LENGTH({column}), 0)" for column in quoted)
    nulls = " + ".join(f"({column} IS NULL)" for column in quoted)
    cursor.execute(f"SELECT SUM({octets}), SUM({nulls}) FROM {quote(name)}")
    found = cursor.fetchone()
    return int(found[0]), int(found[1])


def _insert(driver: Any, cursor: Any, name: str, block: Block) -> int:
    """INSERTs from the block by four replacements over the whole of it.

    A field's escapes mean in a string literal what they mean in a block. A quote gets a backslash; then field and row
    ends become literals' ends; a literal of exactly ``\\N`` is NULL (an escaped backslash before N is two, and stays).
    """
    head = f"INSERT INTO {quote(name)} VALUES ".encode()
    limit = _packet(cursor) - len(head) - 1
    loaded, large = 0, dict[int, str]()
    for place, literals in _literals(block.data, limit):
        if len(literals) > limit:
            large[place] = "the row is larger than max_allowed_packet of the new server"
            continue
        driver.query(head + literals)
        loaded += driver.affected_rows()
    if large:
        raise UnstageableText("some row is larger than a statement may be", large)
    return loaded


def _literals(data: bytes, limit: int) -> Iterator[tuple[int, bytes]]:
    """The rows as lists of literals, in parts of at most ``limit`` bytes, or of one row that is larger.

    Each with the place of its first row.
    """
    todo, place = [data], 0
    while todo:
        part = todo.pop()
        text = _literal(part)
        middle = part.find(b"\n", len(part) // 2)
        middle = middle if middle >= 0 else part.rfind(b"\n")
        if len(text) > limit and middle >= 0:
            todo += [part[middle + 1 :], part[:middle]]
            continue
        yield place, text
        place += part.count(b"\n") + 1


def _literal(part: bytes) -> bytes:
    inner = part.replace(b"'", b"\\'").replace(b"\t", b"','").replace(b"\n", b"'),('")
    return (b"('" + inner + b"')").replace(b"'\\N'", b"NULL")


def _packet(cursor: Any) -> int:
    cursor.execute("SELECT @@max_allowed_packet")
    return int(cursor.fetchone()[0])


def _local_infile(connection: sa.Connection, cursor: Any) -> bool:
    known = connection.info.get("changeover_local_infile")
    if known is None:
        cursor.execute("SELECT @@local_infile")
        known = (
            bool(int(cursor.fetchone()[0])) and hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir()
        )
        connection.info["changeover_local_infile"] = known
    return known


def _engine(connection: sa.Connection) -> str:
    """Aria outside transactions stages a third faster than InnoDB; MySQL hasn't got it."""
    return "Aria TRANSACTIONAL=0" if getattr(connection.dialect, "is_mariadb", False) else "InnoDB"
