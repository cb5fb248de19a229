"""Checksums of rows on SQLite, by functions of `changeover.types.sqlite_functions`."""

from __future__ import annotations

from collections.abc import Sequence

from changeover.dialects.base import Shown

MD5 = "md5"


def row_text(fields: Sequence[Shown]) -> str:
    """See `Dialect.row_text`: a text's length stands before it."""
    return " || '|' || ".join(map(_field, fields))


def _field(field: Shown) -> str:
    if field.plain:
        return f"ifnull({field.sql}, 'N')"
    return f"ifnull(length(CAST({field.sql} AS BLOB)) || ':' || ({field.sql}), 'N')"
