"""A mapping together with what the live schemas say of it, as far as that can be told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from changeover.binding import Bound, bind
from changeover.binding.identity import identity_columns
from changeover.binding.texts import kind_of
from changeover.check.probe import reason, told
from changeover.dialects import TableName
from changeover.errors import DatabaseRefused, MappingError, Place
from changeover.keyset.key import Key, choose
from changeover.mapping import Expression, Mapping, Narrow, OldTable, Registry
from changeover.mapping.columns import Column
from changeover.mapping.references import Use, within
from changeover.schema import ColumnShape, Schema, TableShape
from changeover.types.base import Family, Kind, Verdict
from changeover.types.integer import Integer
from changeover.types.text import Text


@dataclass(frozen=True)
class Made:
    """A target column that exists, and how the mapping makes it."""

    column: ColumnShape
    how: Column


@dataclass(frozen=True)
class Fitting:
    """How an expression's values fit the target column."""

    column: ColumnShape
    how: Expression | Narrow
    source: Kind
    verdict: Verdict


def has_no_size(kind: Kind, family: Family) -> bool:
    """Whether nobody declared the size: SQLite's integers have 64 bits and its TEXT no limit, whatever was meant."""
    return family == "sqlite" and (
        isinstance(kind, Integer) or (isinstance(kind, Text) and kind.length is None)
    )


class Case:
    """One mapping under examination. What can't be told since something is missing is None or empty here."""

    def __init__(self, mapping: Mapping, registry: Registry, old: dict[str, Schema], new: Schema) -> None:
        self.mapping = mapping
        self.registry = registry
        self.old_schemas = old
        self.schema: Schema | None = old.get(mapping.database)
        self.new_schema = new
        self.unreadable: dict[TableName, str] = {}
        """Tables that the server does not let us look at, and why."""
        self.unanswered: set[str] = set()
        """Why questions about the mapping could not be answered, as far as that was told."""

    # The two sides

    @cached_property
    def root(self) -> TableShape | None:
        """The root table."""
        return self.shape(self.mapping.root)

    @cached_property
    def target(self) -> TableShape | None:
        """The target table."""
        return self.new_table(TableName.parse(self.mapping.target))

    def shape(self, table: OldTable) -> TableShape | None:
        """An old table's shape."""
        return self.named(TableName(table.name_, table.schema_))

    def named(self, table: TableName) -> TableShape | None:
        """The shape of the old table of this name."""
        return self._look(self.schema, table) if self.schema else None

    def new_table(self, table: TableName) -> TableShape | None:
        """The shape of a table of the new database."""
        return self._look(self.new_schema, table)

    def _look(self, schema: Schema, table: TableName) -> TableShape | None:
        try:
            return schema.table(table)
        except DBAPIError as error:
            self.unreadable[table] = reason((schema,), error)
        except DatabaseRefused as error:
            self.unreadable[table] = str(error)
        return None

    def old_table(self, name: TableName | None = None) -> str:
        """An old table (the root, when left out) as findings name it."""
        return f"{self.mapping.database}.{name or self.mapping.root.qualified_}"

    @cached_property
    def key(self) -> Key | None:
        """The root's key."""
        if self.schema is None or self.root is None:
            return None
        try:
            return choose(self.mapping, self.root, self.schema.dialect.family)
        except MappingError:
            return None

    def feeding(self, table: TableName) -> tuple[Mapping, ...]:
        """The mappings whose target is this table of the new database."""
        return tuple(m for m in self.registry.mappings if self.new_schema.same(m.target, table))

    # Columns

    @cached_property
    def columns(self) -> dict[str, Column]:
        """How each target column is made, those of the ids rule among them."""
        made: dict[str, Column] = {}
        if self.key is not None and self.target is not None:
            with suppress(MappingError):
                made.update(identity_columns(self.mapping, self.key, self.target))
        return {**made, **self.mapping.made}

    def made(self) -> Iterator[Made]:
        """The target columns that exist and can be written."""
        for name, how in self.columns.items():
            column = self.target.column(name) if self.target else None
            if column is not None and not column.computed:
                yield Made(column, how)

    def fittings(self) -> Iterator[Fitting]:
        """The columns made of an expression whose kind, and whose target's, can be told."""
        for made in self.made():
            if isinstance(made.how, (Expression, Narrow)) and made.column.kind is not None:
                source = self.kind(made.how.value)
                if source is not None:
                    yield Fitting(made.column, made.how, source, made.column.kind.accepts(source))

    def kind(self, value: sa.ColumnElement[Any]) -> Kind | None:
        """The kind of an old-side expression, None where a column of it is missing or unsupported."""
        if self.schema is None:
            return None
        try:
            return kind_of(self.place(), value, self.mapping, self.schema)
        except (MappingError, DatabaseRefused):
            return None

    def old_column(self, value: sa.ColumnElement[Any]) -> ColumnShape | None:
        """The shape of a plain old column, None for any other expression."""
        if isinstance(value, sa.ColumnClause):
            for table in (self.mapping.root, *(join.table for join in self.mapping.joins)):
                shape = self.shape(table) if value.table is table.from_ else None
                if shape is not None:
                    return shape.column(value.name)
        return None

    def may_be_null(self, value: sa.ColumnElement[Any]) -> bool:
        """Whether a plain old column can be NULL; false for expressions, of which it can't be told."""
        outer = any(
            join.outer and isinstance(value, sa.ColumnClause) and value.table is join.table.from_
            for join in self.mapping.joins
        )
        column = self.old_column(value)
        return column is not None and (outer or column.nullable)

    def is_sound(self, use: Use) -> bool:
        """Whether all tables and columns of an expression exist, and stand in FROM."""
        own = [self.mapping.root.from_, *(join.table.from_ for join in self.mapping.joins)]
        for reference in within(use, use.value):
            shape = self.named(reference.table)
            if shape is None or (reference.column is not None and shape.column(reference.column) is None):
                return False
            if not reference.nested and not any(reference.source is source for source in own):
                return False
        return True

    def place(self, column: str | None = None) -> Place:
        """Where in the target."""
        return Place(self.mapping.name, self.mapping.target, column)

    # All of it

    @cached_property
    def bound(self) -> Bound | MappingError:
        """The mapping bound to the schemas, or why it can't be."""
        numbers = {mapping.name: number for number, mapping in enumerate(self.registry.mappings, 1)}
        try:
            return bind(self.mapping, self.registry, self.old_schemas, self.new_schema, numbers)
        except MappingError as error:
            return error
        except DatabaseRefused as error:
            return MappingError(str(error))
        except DBAPIError as error:
            return MappingError(reason((*self.old_schemas.values(), self.new_schema), error))
        except Exception as error:  # noqa: BLE001 - what stops a run is a finding, whatever it is
            return MappingError(f"it can't be bound: {told(error)}")
