"""A staged text in the form in which a column's index can be asked for it."""

from __future__ import annotations

from changeover.dialects import Dialect
from changeover.schema import TableShape
from changeover.types.compared import compared


def comparable(table: TableShape, column: str, staged: str, dialect: Dialect) -> str:
    """SQL that equals the column where the staged text means its value, and leaves the column's index usable."""
    shape = table.column(column)
    assert shape is not None
    assert shape.kind is not None
    return compared(shape.kind, staged, dialect.family, shape.charset, shape.collation)
