"""A staged text in the form in which a column's index can be asked for it."""

from __future__ import annotations

from changeover.dialects import Dialect
from changeover.schema import TableShape
from changeover.types.base import Kind
from changeover.types.integer import Integer
from changeover.types.text import UNICODE, Text


def comparable(table: TableShape, column: str, staged: str, dialect: Dialect) -> str:
    """SQL that equals the column where the staged text means its value, and leaves the column's index usable.

    On MySQL a staged text next to a number would turn both into floating point, and next to a text of another collation
    would turn the column into the stage's: both lose the index, and the first also merges large integers.
    """
    shape = table.column(column)
    assert shape is not None
    kind: Kind | None = shape.kind
    assert kind is not None
    if dialect.family == "mysql":
        if isinstance(kind, Integer):
            return f"CAST({staged} AS {'UNSIGNED' if kind.unsigned else 'SIGNED'})"
        if isinstance(kind, Text) and shape.charset and shape.collation:
            return f"({_converted(staged, shape.charset)} COLLATE {shape.collation})"
    return kind.store(staged, dialect.family)


def _converted(staged: str, charset: str) -> str:
    """The text in a character set; NULL where that lacks a character, for which MySQL would ask for a question mark."""
    converted = f"CONVERT({staged} USING {charset})"
    if charset in UNICODE:
        return converted
    back = f"CAST(CONVERT({converted} USING utf8mb4) AS BINARY)"
    return f"(CASE WHEN {back} = CAST({staged} AS BINARY) THEN {converted} END)"
