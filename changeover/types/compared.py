"""A canonical text in the form in which a column's index can be asked for it."""

from __future__ import annotations

from changeover.types.base import Family, Kind
from changeover.types.enum import Enum
from changeover.types.integer import Integer
from changeover.types.set import Set
from changeover.types.text import UNICODE, Text


def compared(kind: Kind, text: str, family: Family, charset: str | None, collation: str | None) -> str:
    """SQL that equals a column of the kind where the SQL ``text`` means its value, and leaves the column's index usable.

    On MySQL a computed text next to a number would turn both into floating point, and next to a text of another collation
    would turn the column into its own: both lose the index, and the first also merges large integers.

    Parameters: ``charset`` and ``collation`` are MySQL's, of a text column.
    """
    if family == "mysql":
        if isinstance(kind, Integer):
            return f"CAST({text} AS {'UNSIGNED' if kind.unsigned else 'SIGNED'})"
        if isinstance(kind, (Text, Enum, Set)) and charset and collation:
            return f"({_converted(text, charset)} COLLATE {collation})"
    return kind.store(text, family)


def _converted(text: str, charset: str) -> str:
    """The text in a character set; NULL where that lacks a character, for which MySQL would ask for a question mark."""
    converted = f"CONVERT({text} USING {charset})"
    if charset in UNICODE:
        return converted
    back = f"CAST(CONVERT({converted} USING utf8mb4) AS BINARY)"
    return f"(CASE WHEN {back} = CAST({text} AS BINARY) THEN {converted} END)"
