"""Old-side expressions of canonical text, and what kind of value an expression is."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import visitors

from changeover.binding.mismatch import Mismatch
from changeover.dialects import TableName
from changeover.errors import Place
from changeover.mapping import Constant, Mapping, OldTable, ValueMap, utc
from changeover.mapping.marks import UNMAPPED
from changeover.schema import Schema
from changeover.types.base import Family, Kind
from changeover.types.boolean import Boolean
from changeover.types.instant import Instant
from changeover.types.recognise import recognise
from changeover.types.text import Text
from changeover.types.unknown import Unknown


def tables_of(mapping: Mapping) -> list[OldTable]:
    """The old tables that a mapping names."""
    return [mapping.root, *(join.table for join in mapping.joins)]


def kind_of(place: Place, value: sa.ColumnElement[Any], mapping: Mapping, schema: Schema) -> Kind:
    """A column's kind, a cast's, a comparison's, or unknown: what another expression's type is, only the database knows.

    Raises: Mismatch for a column that doesn't exist or has a type that can't be carried.
    """
    if isinstance(value, sa.ColumnClause):
        for table in tables_of(mapping):
            if value.table is table.from_:
                shape = schema.table(TableName(table.name_, table.schema_))
                column = shape.column(value.name) if shape else None
                if shape is None or column is None:
                    there = ", ".join(c.name for c in shape.columns) if shape else "no such table"
                    raise Mismatch(
                        place,
                        f"old table {table.qualified_} has no column {value.name}",
                        f"there are: {there}",
                    )
                if column.kind is None:
                    raise Mismatch(
                        place,
                        f"old column {table.qualified_}.{value.name} has an unsupported type: {column.unsupported}",
                        "leave the column out",
                    )
                return column.kind
        return Unknown()
    if isinstance(value, utc):
        return Instant()
    if isinstance(value, sa.Cast):
        return recognise(value.type, schema.dialect.family, computed=True)
    if isinstance(value.type, sa.Boolean):
        return Boolean()  # a comparison: PostgreSQL would write it as a word
    return Unknown()


def may_be_marked(value: sa.ColumnElement[Any]) -> bool:
    """Whether the expression can write a mark in the place of a value."""
    return any(isinstance(part, utc) for part in visitors.iterate(value))


def constant(place: Place, kind: Kind, made: Constant, family: Family) -> sa.ColumnElement[Any]:
    """A constant's text."""
    if made.value is None:
        return sa.null()
    return literal(_format(place, kind, made.value), family)


def mapped(place: Place, kind: Kind, source: Kind, made: ValueMap, family: Family) -> sa.ColumnElement[Any]:
    """A value map as CASE over the value's text; what has no entry is marked."""
    text = source.text(made.value, family, Text())
    compared = _bytes(text, family)
    new = {
        old: sa.null() if value is None else literal(_format(place, kind, value), family)
        for old, value in made.entries.items()
    }
    null = sa.null() if made.null is None else literal(_format(place, kind, made.null), family)
    marked: Any = (
        sa.func.concat(literal(UNMAPPED, family), text)
        if family == "mysql"
        else literal(UNMAPPED, family).op("||")(text)
    )
    cases = [(compared == _bytes(literal(old, family), family), value) for old, value in new.items()]
    return sa.case((text.is_(None), null), *cases, else_=marked)


def literal(text: str, family: Family) -> sa.ColumnElement[Any]:
    """A text that the old database is given."""
    value = sa.literal(text, sa.Text())
    return sa.cast(value, sa.Text()) if family == "postgresql" else value


def _bytes(text: Any, family: Family) -> Any:
    """A text to be compared by its bytes, whatever collation its column has."""
    if family == "mysql":
        return sa.cast(text, sa.LargeBinary())
    return text.collate("C" if family == "postgresql" else "BINARY")


def _format(place: Place, kind: Kind, value: Any) -> str:
    try:
        return kind.format(value)
    except (ValueError, TypeError) as error:
        raise Mismatch(
            place,
            f"the declared value {value!r} does not fit a column of type {kind.name}: {error}",
            "declare one that does",
        ) from None
