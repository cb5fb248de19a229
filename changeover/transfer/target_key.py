"""The text by which the id map remembers a target row: of what is staged, and of what is stored."""

from __future__ import annotations

from collections.abc import Sequence

from changeover.binding import Bound, BoundColumn
from changeover.types.integer import Integer
from changeover.types.written import WrittenKind


def target_key(bound: Bound) -> str:
    """The text by which the id map remembers the target row that the staged columns make."""
    columns = [bound.column(name) for name in bound.identity_columns]
    return _key_of(bound, [_looked_up(bound, c) if c.lookup else c.text for c in columns])


def _looked_up(bound: Bound, column: BoundColumn) -> str:
    """The text of a parent's column. Whether that one is written with zeros before its digits, only its table knows."""
    if isinstance(column.kind, Integer):
        return Integer(zerofill=True).read(column.value, bound.dialect.family, column.kind)
    return bound.dialect.as_text(column.value)


def stored_key(bound: Bound, alias: str = "t") -> str:
    """The same text of the target row ``alias``, as it is stored."""
    family, texts = bound.dialect.family, list[str]()
    for name in bound.identity_columns:
        column = bound.new.column(name)
        kind, stored = column.kind if column else None, f"{alias}.{bound.dialect.quote(name)}"
        texts.append(
            kind.read(stored, family, kind)
            if isinstance(kind, WrittenKind)
            else bound.dialect.as_text(stored)
        )
    return _key_of(bound, texts)


def shown_key(bound: Bound, alias: str = "t") -> str:
    """The key of the target row ``alias`` as a person reads it."""
    texts = [bound.dialect.as_text(f"{alias}.{bound.dialect.quote(name)}") for name in bound.identity_columns]
    parts = [part for text in texts for part in (text, "'|'")]
    return texts[0] if len(texts) == 1 else bound.dialect.concat(parts[:-1])


def _key_of(bound: Bound, texts: Sequence[str]) -> str:
    if len(texts) > 1:
        texts = [f"REPLACE(REPLACE({text}, '~', '~~'), '|', '~!')" for text in texts]
    parts = [part for text in texts for part in (text, "'|'")]
    return (
        bound.dialect.as_key(parts[0])
        if len(parts) == 2
        else bound.dialect.as_key(bound.dialect.concat(parts[:-1]))
    )
