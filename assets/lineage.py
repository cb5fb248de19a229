"""Where a target column comes from: read out of the mapping's expressions, without a connection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import visitors

from changeover.mapping import Lookup, Mapping


@dataclass(frozen=True, order=True)
class OldColumn:
    """A column of an old table; ``table`` is ``schema.table`` where the schema isn't the default."""

    database: str
    table: str
    column: str


@dataclass(frozen=True, order=True)
class NewColumn:
    """A column of a target table."""

    table: str
    column: str


def column_sources(mapping: Mapping) -> dict[str, tuple[OldColumn | NewColumn, ...]]:
    """The columns that each target column is computed from, those that a lookup compares with or takes among them."""
    found: dict[str, tuple[OldColumn | NewColumn, ...]] = {}
    expressions = mapping.expressions()
    for name, made in mapping.made.items():
        sources: set[OldColumn | NewColumn] = set()
        for expression in expressions.get(name, ()):
            sources.update(_columns(mapping.database, expression))
        if isinstance(made, Lookup):
            taken = (made.returns,) if made.returns else ()
            sources.update(NewColumn(made.parent, column) for column in (*made.by, *taken))
        found[name] = tuple(sorted(sources, key=repr))
    return found


def old_tables(mapping: Mapping) -> tuple[str, ...]:
    """The old tables that the mapping reads: its root first, then joins, then what its expressions select from."""
    found = {mapping.root.qualified_: None}
    for joined in mapping.joins:
        found[joined.table.qualified_] = None
    conditions = [j.on for j in mapping.joins] + ([] if mapping.where is None else [mapping.where])
    expressions = [e for made in mapping.expressions().values() for e in made]
    for expression in (*conditions, *expressions):
        for element in visitors.iterate(expression):
            if isinstance(element, sa.TableClause):
                found[element.fullname] = None
            elif isinstance(element, sa.ColumnClause) and (table := _table(element)) is not None:
                found[table.fullname] = None
    return tuple(found)


def _columns(database: str, expression: sa.ColumnElement[Any]) -> Iterator[OldColumn]:
    for element in visitors.iterate(expression):
        if isinstance(element, sa.ColumnClause) and (table := _table(element)) is not None:
            yield OldColumn(database, table.fullname, element.name)


def _table(column: sa.ColumnClause[Any]) -> sa.TableClause | None:
    selectable: Any = column.table
    while isinstance(selectable, sa.Alias):
        selectable = selectable.element
    return selectable if isinstance(selectable, sa.TableClause) else None
