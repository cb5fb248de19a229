"""Which old tables and columns the expressions of a mapping name, subqueries included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.selectable import AliasedReturnsRows, SelectBase

from changeover.dialects import TableName
from changeover.mapping import Mapping


@dataclass(frozen=True)
class Use:
    """An old-side expression of a mapping. ``what`` completes "used by …"; ``column`` is the target column it makes."""

    what: str
    column: str | None
    value: sa.ClauseElement


@dataclass(frozen=True)
class Reference:
    """A table, or with ``column`` a column of it, that a use names.

    ``source`` is what stands in FROM: the table or an alias. ``nested`` says that it stands in a subquery.
    """

    use: Use
    source: sa.FromClause
    table: TableName
    column: str | None
    nested: bool


def uses(mapping: Mapping) -> Iterator[Use]:
    """All expressions of the mapping, and its key."""
    for name, values in mapping.expressions().items():
        for value in values:
            yield Use(f"target column {name}", name, value)
    for name in mapping.key:
        yield Use("key=", None, mapping.root[name])
    for join in mapping.joins:
        yield Use(f"the join with {join.table.qualified_}", None, join.on)
    if mapping.where is not None:
        yield Use("where=", None, mapping.where)


def references(mapping: Mapping) -> Iterator[Reference]:
    """All tables and columns that the mapping's expressions name."""
    for use in uses(mapping):
        yield from within(use, use.value)


def tables_read(mappings: Iterable[Mapping]) -> tuple[TableName, ...]:
    """The old tables that these mappings read, roots and joins first."""
    found: dict[TableName, None] = {}
    for mapping in mappings:
        for table in (mapping.root, *(join.table for join in mapping.joins)):
            found[TableName(table.name_, table.schema_)] = None
        found.update((reference.table, None) for reference in references(mapping))
    return tuple(found)


def within(use: Use, value: sa.ClauseElement, nested: bool = False) -> Iterator[Reference]:
    """All tables and columns that an expression names."""
    if isinstance(value, sa.ColumnClause):
        source: Any = value.table
        table = base(source)
        if table is not None:
            yield Reference(use, source, TableName(table.name, table.schema), value.name, nested)
        return
    table = base(value)
    if table is not None and isinstance(value, sa.FromClause):
        yield Reference(use, value, TableName(table.name, table.schema), None, nested)
        return
    for child in value.get_children():
        yield from within(use, child, nested or isinstance(value, SelectBase))


def base(source: Any) -> sa.TableClause | None:
    """The table that a FROM element is, or is an alias of; None for subqueries and the like."""
    while isinstance(source, AliasedReturnsRows):
        source = source.element
    return source if isinstance(source, sa.TableClause) else None


def sources_in(value: sa.ClauseElement) -> set[sa.FromClause]:
    """What stands in FROM for the columns that an expression names, subqueries included."""
    return {found.source for found in within(Use("", None, value), value)}
