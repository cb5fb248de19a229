"""From declaration to SQL: one pass over a mapping's columns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from changeover.binding import texts
from changeover.binding.bound import (
    Bound,
    BoundColumn,
    BoundLookup,
    Identity,
    ImageColumn,
    PythonColumn,
    key_text,
)
from changeover.binding.casts import pin_casts
from changeover.binding.identity import identity_columns
from changeover.binding.joins import comparable
from changeover.binding.mismatch import Mismatch
from changeover.binding.own_parent import own_parents
from changeover.binding.parents import can_be_null, find_parent, natural_key, parsed, returned, through_ids
from changeover.dialects import TableName
from changeover.errors import Place
from changeover.keyset.key import choose
from changeover.mapping import (
    Assigned,
    Computed,
    Constant,
    Image,
    Keep,
    Lookup,
    Mapping,
    Offset,
    Python,
    Registry,
    TargetDefault,
    ValueMap,
)
from changeover.mapping.columns import Column
from changeover.schema import ColumnShape, Schema, TableShape
from changeover.settings import old_variable
from changeover.types.base import Kind
from changeover.types.integer import Integer
from changeover.types.text import Text


def bind(
    mapping: Mapping, registry: Registry, old: dict[str, Schema], new: Schema, ids: dict[str, int]
) -> Bound:
    """The mapping on live schemas.

    Parameters: ``old`` the schemas of the old databases by name; ``ids`` the ledger's numbers of all mappings.
    Raises: MappingError (and its kinds) naming mapping, table and column for whatever doesn't exist or can't be carried.
    """
    return _Binder(mapping, registry, old, new, ids).bind()


class _Binder:
    def __init__(
        self, mapping: Mapping, registry: Registry, old: dict[str, Schema], new: Schema, ids: dict[str, int]
    ) -> None:
        self.mapping = mapping
        self.registry = registry
        self.old_schemas = old
        self.schema = self.old_schema(mapping)
        self.new_schema = new
        self.ids = ids
        self.old = shape(
            self.schema,
            TableName(mapping.root.name_, mapping.root.schema_),
            f"old database {mapping.database}",
            mapping,
        )
        self.new = shape(new, TableName.parse(mapping.target), "the new database", mapping)
        pin_casts(mapping, self.schema.dialect.family)
        self.key = choose(mapping, self.old, self.schema.dialect.family)
        self.fields: list[sa.ColumnElement[Any]] = [self.key.encoded(mapping.root)]
        self.lookups: list[BoundLookup] = []
        self.pythons: list[PythonColumn] = []
        self.images: list[ImageColumn] = []

    def bind(self) -> Bound:
        mapping = self.mapping
        made = identity_columns(mapping, self.key, self.new)
        made.update(mapping.made)
        columns = [c for name, how in made.items() if (c := self.column(name, how)) is not None]
        columns, lookups = own_parents(
            columns, self.lookups, self.new.primary_key, assigned=self.identity() == "assigned"
        )
        late = (*(column.staged for column in self.pythons), *(column.staged for column in self.images))
        stage = ("k", *(f"c{place}" for place in range(len(self.fields) - 1)), *late)
        return Bound(
            mapping=mapping,
            id=self.ids[mapping.name],
            old=self.old,
            new=self.new,
            key=self.key,
            identity=self.identity(),
            identity_columns=self.new.primary_key,
            offset=mapping.ids.by if isinstance(mapping.ids, Offset) else 0,
            owned=self.owned(),
            columns=columns,
            lookups=lookups,
            pythons=tuple(self.pythons),
            read_fields=tuple(self.fields),
            stage_columns=stage,
            dialect=self.new_schema.dialect,
            images=tuple(self.images),
            seniors=tuple((self.ids[other.name], tuple(other.made)) for other in self.seniors()),
            merged=tuple((self.ids[other.name], written(other)) for other in self.merged()),
            referring=self.new_schema.referring(self.new),
        )

    # The target's primary key

    def identity(self) -> Identity:
        if isinstance(self.mapping.ids, Assigned):
            return "assigned"
        kinds = [self.target(c).kind for c in self.new.primary_key]
        numbers = self.key.is_numbers and all(isinstance(kind, Integer) for kind in kinds)
        return "direct" if numbers and not isinstance(self.mapping.ids, Computed) else "mapped"

    def owned(self) -> tuple[int | None, int | None]:
        def shift(mapping: Mapping) -> int | None:
            return (
                mapping.ids.by
                if isinstance(mapping.ids, Offset)
                else 0
                if isinstance(mapping.ids, Keep)
                else None
            )

        mine = shift(self.mapping)
        others = [
            shift(other)
            for other in self.registry.of_target(self.mapping.target)
            if other is not self.mapping
        ]
        known = [other for other in others if other is not None]
        if mine is None or not known:
            return None, None
        above = [other for other in known if other > mine]
        return (mine if any(other < mine for other in known) else None), (min(above) if above else None)

    def merged(self) -> list[Mapping]:
        mine = self.mapping.ids
        if not isinstance(mine, Assigned) or not mine.match:
            return []
        others = self.registry.of_target(self.mapping.target)
        return [other for other in others if isinstance(other.ids, Assigned) and other is not self.mapping]

    def seniors(self) -> list[Mapping]:
        feeding = self.registry.of_target(self.mapping.target)
        order = {
            other.name: (other.ids.priority, place)
            for place, other in enumerate(feeding)
            if isinstance(other.ids, Assigned)
        }
        return [other for other in self.merged() if order[other.name] < order[self.mapping.name]]

    # Columns

    def column(self, name: str, made: Column) -> BoundColumn | None:
        target = self.target(name)
        if isinstance(made, TargetDefault):
            return None
        if target.computed:
            raise Mismatch(self.place(name), "the new database generates this column", "leave it out")
        kind = self.kind(target)
        if isinstance(made, Lookup):
            return self.lookup(name, target, kind, made)
        if isinstance(made, Python):
            return self.python(name, target, kind, made)
        if isinstance(made, Image):
            return self.image(name, target, kind, made)
        if isinstance(made, Constant):
            return self.staged(
                name, target, kind, texts.constant(self.place(name), kind, made, self.family), kind
            )
        source = self.source(name, made.value)
        marked = isinstance(made, ValueMap) or self.family == "sqlite" or texts.may_be_marked(made.value)
        if isinstance(made, ValueMap):
            field = texts.mapped(self.place(name), kind, source, made, self.family)
        else:
            field = source.text(made.value, self.family, kind)
        return self.staged(name, target, kind, field, source, marked)

    def staged(
        self,
        name: str,
        target: ColumnShape,
        kind: Kind,
        field: sa.ColumnElement[Any],
        source: Kind,
        marked: bool = False,
    ) -> BoundColumn:
        staged = self.key_again(field, kind, source) or self.stage(field)
        value = kind.store(staged, self.new_schema.dialect.family)
        return BoundColumn(name, kind, source, value, (staged,), target.nullable, marked=marked)

    def key_again(self, field: sa.ColumnElement[Any], kind: Kind, source: Kind) -> str | None:
        """The staged key, where a column is made of the very number that it is; it travels once."""
        numbers = isinstance(kind, Integer) and isinstance(source, Integer) and self.key.is_number
        same = numbers and field.compare(self.fields[0])
        return key_text(self.new_schema.dialect) if same else None

    def python(self, name: str, target: ColumnShape, kind: Kind, made: Python) -> BoundColumn:
        sources = [self.source(name, value) for value in made.inputs]
        places: list[int] = []
        for source, value in zip(sources, made.inputs, strict=True):
            self.fields.append(source.text(value, self.family, source))
            places.append(len(self.fields) - 1)
        late = f"p{len(self.pythons)}"
        self.pythons.append(PythonColumn(name, made, tuple(places), tuple(sources), kind, late))
        return self.late(name, target, kind, late)

    def image(self, name: str, target: ColumnShape, kind: Kind, made: Image) -> BoundColumn:
        """The text as the old database writes it, with keys in the places of URLs."""
        source = self.source(name, made.value)
        self.fields.append(source.text(made.value, self.family, Text()))
        late = f"g{len(self.images)}"
        self.images.append(ImageColumn(name, made, len(self.fields) - 1, late))
        return self.late(name, target, kind, late, marked=self.family == "sqlite")

    def late(
        self, name: str, target: ColumnShape, kind: Kind, late: str, *, marked: bool = False
    ) -> BoundColumn:
        """A column that is staged beside what was read."""
        staged = f"s.{self.quote(late)}"
        value = kind.store(staged, self.new_schema.dialect.family)
        return BoundColumn(name, kind, kind, value, (staged,), target.nullable, marked=marked)

    def lookup(self, name: str, target: ColumnShape, kind: Kind, made: Lookup) -> BoundColumn:
        parent = shape(self.new_schema, TableName.parse(made.parent), "the new database", self.mapping, name)
        alias = f"l{len(self.lookups)}"
        own = made.parent == self.mapping.target
        if made.by:
            kinds = natural_key(self.place(name), parent, made)
            sources = [self.source(name, value) for value in made.values]
            staged = tuple(
                self.stage(source.text(value, self.family, k))
                for source, value, k in zip(sources, made.values, kinds, strict=True)
            )
            bound = BoundLookup(
                name,
                alias,
                self.joined(alias, parent, list(made.by), staged),
                f"{alias}.{self.quote(returned(self.place(name), parent, made))}",
                " AND ".join(f"{s} IS NOT NULL" for s in staged),
                made.parent,
                own,
                tuple(zip(made.by, staged, strict=True)),
                returned(self.place(name), parent, made),
                parsed(name, staged, sources, kinds),
                tuple(kinds),
            )
        else:
            other = find_parent(self.place(name), self.registry, self.mapping, made)
            schema = self.old_schema(other)
            other_old = shape(
                schema,
                TableName(other.root.name_, other.root.schema_),
                f"old database {other.database}",
                other,
            )
            other_key = choose(other, other_old, schema.dialect.family)
            staged, bound = through_ids(self, name, made, other, other_key, parent, alias, own)
        if made.later:
            can_be_null(self.place(name), name, target, self.new)
            bound = replace(bound, later=True)
        self.lookups.append(bound)
        return BoundColumn(name, kind, kind, bound.value, staged, target.nullable, lookup=True)

    def joined(self, alias: str, parent: TableShape, columns: list[str], staged: tuple[str, ...]) -> str:
        """LEFT JOIN of a target table on columns that equal staged texts."""
        dialect = self.new_schema.dialect
        on = " AND ".join(
            f"{alias}.{self.quote(column)} = {comparable(parent, column, text, dialect)}"
            for column, text in zip(columns, staged, strict=True)
        )
        return f"LEFT JOIN {dialect.table(parent.table)} AS {alias} ON {on}"

    # Small things

    def old_schema(self, mapping: Mapping) -> Schema:
        if mapping.database not in self.old_schemas:
            place = Place(mapping.name, mapping.root_name)
            raise Mismatch(
                place,
                f"there is no connection to old database {mapping.database}",
                f"set {old_variable(mapping.database)}",
            )
        return self.old_schemas[mapping.database]

    @property
    def family(self) -> Any:
        return self.schema.dialect.family

    def quote(self, name: str) -> str:
        return self.new_schema.dialect.quote(name)

    def place(self, column: str) -> Place:
        return Place(self.mapping.name, self.mapping.target, column)

    def stage(self, field: sa.ColumnElement[Any]) -> str:
        self.fields.append(field)
        return f"s.{self.quote(f'c{len(self.fields) - 2}')}"

    def source(self, name: str, value: sa.ColumnElement[Any]) -> Kind:
        return texts.kind_of(self.place(name), value, self.mapping, self.schema)

    def target(self, name: str) -> ColumnShape:
        found = self.new.column(name)
        if found is None:
            raise Mismatch(
                self.place(name),
                "does not exist",
                f"there are: {', '.join(c.name for c in self.new.columns)}",
            )
        return found

    def kind(self, target: ColumnShape) -> Kind:
        if target.kind is None:
            raise Mismatch(
                self.place(target.name), target.unsupported, "leave the column out, or give it another type"
            )
        return target.kind


def written(mapping: Mapping) -> tuple[str, ...]:
    """The target columns that a mapping writes."""
    return tuple(name for name, made in mapping.made.items() if not isinstance(made, TargetDefault))


def shape(
    schema: Schema, table: TableName, side: str, mapping: Mapping, column: str | None = None
) -> TableShape:
    """The table's shape. Raises Mismatch naming the mapping when there is no such table."""
    found = schema.table(table)
    if found is None:
        near = ", ".join(schema.names(table.schema)[:20])
        raise Mismatch(
            Place(mapping.name, None, column),
            f"{side} has no table {table}{table.reading}",
            f"it has: {near or 'none'}",
        )
    return found
