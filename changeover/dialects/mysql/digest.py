"""Checksums of rows on MariaDB and MySQL.

A check sum by itself is linear: two rows that swap a value of the same length leave the sum of their CRCs with even odds for each
bit. The product of two CRCs of unlike polynomials is not, and both together cost a third of an MD5.

What is looked at twice is kept in a variable of the session, since the server would compute it twice.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import exc

from changeover.dialects.base import Shown

CRC = "crc32*crc32c"
MD5 = "md5"
MD5_HEX_DIGITS = 15
"""60 bits: what fits a signed number of 64 on every database."""


def digests(connection: sa.Connection) -> tuple[str, ...]:
    """See `Dialect.digests`. MariaDB has CRC32C from 10.8 on, MySQL has none."""
    try:
        connection.exec_driver_sql("SELECT CRC32C('')")
    except exc.DBAPIError:
        return (MD5,)
    return (CRC, MD5)


def row_text(fields: Sequence[Shown]) -> str:
    """See `Dialect.row_text`: a text's length stands before it."""
    return f"CONCAT_WS('|', {', '.join(_field(field, place) for place, field in enumerate(fields))})"


def digest(text: str, function: str) -> str:
    """See `Dialect.digest`."""
    if function == CRC:
        return f"(CRC32(@changeover_row := {text}) * CRC32C(@changeover_row))"
    return f"CAST(CONV(LEFT(MD5({text}), {MD5_HEX_DIGITS}), 16, 10) AS UNSIGNED)"


def _field(field: Shown, place: int) -> str:
    if field.plain:
        return f"IFNULL({field.sql if field.bare else _bytes(field.sql)}, 'N')"
    text = _bytes(field.sql)
    if field.bare:
        return f"IFNULL(CONCAT(LENGTH({text}), ':', {text}), 'N')"
    kept = f"@changeover_text_{place}"
    return f"IFNULL(CONCAT(LENGTH({kept} := {text}), ':', {_bytes(kept)}), 'N')"


def _bytes(text: str) -> str:
    """Texts of several collations can't be joined."""
    return f"({text}) COLLATE utf8mb4_bin"
