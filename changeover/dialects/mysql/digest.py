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
from changeover.dialects.mysql.errors import code

CRC = "crc32*crc32c"
MD5 = "md5"
SHA256 = "sha256"
_NO_FUNCTION = 1305
_PART, _NULL = "CAST(x'FF' AS BINARY)", "CAST(x'FE' AS BINARY)"
"""Bytes need no character set in common to be joined, and no collation."""
HEX_DIGITS = 15
"""60 bits: what fits a signed number of 64 on every database."""


def digests(connection: sa.Connection) -> tuple[str, ...]:
    """See `Dialect.digests`. MariaDB has CRC32C from 10.8 on, MySQL has none, and has put MD5 into a component by 9.7."""
    asked = {CRC: "CRC32C('')", MD5: "MD5('')"}
    return (*(name for name, call in asked.items() if _has(connection, call)), SHA256)


def _has(connection: sa.Connection, call: str) -> bool:
    try:
        connection.exec_driver_sql(f"SELECT {call}")
    except exc.DBAPIError as error:
        if code(error) != _NO_FUNCTION:
            raise
        return False
    return True


def row_text(fields: Sequence[Shown], function: str) -> str:
    """See `Dialect.row_text`. Between two servers of this kind, texts are parted by a byte that no UTF-8 has, and another one is
    what NULL looks like; else the texts' lengths stand behind all of them, as every database can write them."""
    if function == CRC:
        return f"CONCAT_WS({_PART}, {', '.join(f'IFNULL({field.sql}, {_NULL})' for field in fields)})"
    texts = [_text(field, place) for place, field in enumerate(fields)]
    lengths = [_length(field, place) for place, field in enumerate(fields) if not field.plain]
    return f"CONCAT_WS('|', {', '.join([*texts, *lengths])})"


def digest(text: str, function: str) -> str:
    """See `Dialect.digest`."""
    if function == CRC:
        return f"(CRC32(@changeover_row := {text}) * CRC32C(@changeover_row))"
    digits = f"MD5({text})" if function == MD5 else f"SHA2({text}, 256)"
    return f"CAST(CONV(LEFT({digits}, {HEX_DIGITS}), 16, 10) AS UNSIGNED)"


def _text(field: Shown, place: int) -> str:
    if field.plain:
        return f"IFNULL({field.sql if field.bare else _bytes(field.sql)}, 'N')"
    # That it is NULL is said by its length.
    text = _bytes(field.sql)
    return f"IFNULL({text if field.bare else f'{_kept(place)} := {text}'}, '')"


def _length(field: Shown, place: int) -> str:
    return f"IFNULL(LENGTH({_bytes(field.sql) if field.bare else _kept(place)}), 'N')"


def _kept(place: int) -> str:
    return f"@changeover_text_{place}"


def _bytes(text: str) -> str:
    """Texts of several collations can't be joined."""
    return f"({text}) COLLATE utf8mb4_bin"
