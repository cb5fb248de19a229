"""Checksums of rows on PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from changeover.dialects.base import Shown

MD5 = "md5"
SHA256 = "sha256"
HEX_DIGITS = 15
"""60 bits: what fits a signed number of 64 on every database."""
OWN = "hashtextextended"


def digests(connection: sa.Connection) -> tuple[str, ...]:
    """See `Dialect.digests`. PostgreSQL's own hash may change with its version and its machine's order of bytes."""
    version = connection.exec_driver_sql(
        "SELECT current_setting('server_version_num')::int / 10000 || ' ' || substring(version() from 'on ([^,]+),')"
    ).scalar()
    return (f"{OWN} {version}", MD5, SHA256)


def row_text(fields: Sequence[Shown]) -> str:
    """See `Dialect.row_text`: the texts' lengths stand behind all of them."""
    lengths = [f"coalesce(octet_length({field.sql})::text, 'N')" for field in fields if not field.plain]
    return f"concat_ws('|', {', '.join([*map(_text, fields), *lengths])})"


def digest(text: str, function: str) -> str:
    """See `Dialect.digest`."""
    if function in (MD5, SHA256):
        sha256 = f"encode(sha256(convert_to({text}, 'UTF8')), 'hex')"
        digits = f"md5({text})" if function == MD5 else sha256
        return f"('x' || left({digits}, {HEX_DIGITS}))::bit(60)::bigint"
    return f'({OWN}(({text}) COLLATE "C", 0)::numeric + 9223372036854775808)'


def _text(field: Shown) -> str:
    # That a text is NULL is said by its length.
    return f"coalesce({field.sql}, '{'N' if field.plain else ''}')"
