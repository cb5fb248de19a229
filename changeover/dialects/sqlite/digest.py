"""Checksums of rows on SQLite, by functions of `changeover.types.sqlite_functions`."""

from __future__ import annotations

from collections.abc import Sequence

from changeover.dialects.base import Shown

MD5 = "md5"
SHA256 = "sha256"


def row_text(fields: Sequence[Shown]) -> str:
    """See `Dialect.row_text`: the texts' lengths stand behind all of them."""
    lengths = [f"ifnull(length(CAST({field.sql} AS BLOB)), 'N')" for field in fields if not field.plain]
    return " || '|' || ".join([*map(_text, fields), *lengths])


def _text(field: Shown) -> str:
    # That a text is NULL is said by its length.
    return f"ifnull({field.sql}, '{'N' if field.plain else ''}')"
