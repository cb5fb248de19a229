"""What both sides of a checksum show of a target column: texts that are the same exactly where the values are.

The old side shows what the copy reads. The new side shows the target's columns as the same canonical text, and leads each foreign
key back to what it was looked up by: the parent's old key in the id map, or the parent's natural key. So both are compared after
the mapping, without either side knowing the other's ids.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from changeover.binding import Bound, BoundColumn, BoundLookup
from changeover.binding.bound import key_text
from changeover.binding.texts import literal
from changeover.dialects import TableName
from changeover.dialects.base import Shown
from changeover.mapping import Expression, Keep, Lookup, Narrow, ValueMap
from changeover.types.base import Family
from changeover.types.integer import Integer
from changeover.types.text import Text
from changeover.types.written import HOLE, Composed, WrittenKind, hole

_NUMBER = re.compile("0|-?[1-9][0-9]{0,17}")


@dataclass(frozen=True)
class Field:
    """One text of a row. ``old`` is an expression over the mapping's old tables, ``new`` SQL over `Fields.joins`; ``plain`` and
    ``bare`` are as in `Shown`."""

    old: sa.ColumnElement[Any]
    new: str
    plain: bool = False
    bare: bool = False

    def shown(self, sql: str) -> Shown:
        """The field, as this SQL, among a row's texts."""
        return Shown(sql, plain=self.plain, bare=self.bare)


@dataclass(frozen=True)
class Fields:
    """All texts of a mapping's rows, and what the new side joins to show them."""

    fields: tuple[Field, ...]
    joins: str


def not_pushed_down(bound: Bound) -> str:
    """Why the databases can't sum a mapping's rows up by themselves, so that they are compared by value; empty where they can."""
    if bound.pythons:
        return "a Python function makes a column"
    if bound.images:
        return "the manifest of images makes a column"
    if bound.identity == "mapped":
        return "only the old database can order its keys, or its ids are computed"
    if bound.identity == "assigned" and not bound.key.is_number:
        return "only the old database can order its keys"
    if bound.assigned and bound.assigned.duplicates == "first":
        return "several of its roots may be one row"
    names = {column.name for column in bound.columns}
    if any(names & set(columns) for _, columns in bound.seniors):
        return "other mappings come before it in the rows that they share"
    return ""


def fields(bound: Bound, old: Family) -> Fields:
    """The texts of a mapping's rows, for an old database of this family."""
    made = _Fields(bound, old)
    found = [field for column in bound.columns for field in made.of(column)]
    if bound.identity == "assigned":
        found.insert(0, made.key(bound.read_fields[0], "i.root_key", numbers=True))
    return Fields(tuple(found), " ".join(made.joins))


class _Fields:
    def __init__(self, bound: Bound, old: Family) -> None:
        self.bound = bound
        self.old: Family = old
        self.new: Family = bound.dialect.family
        self.quote = bound.dialect.quote
        self.places = {f"s.{self.quote(name)}": place for place, name in enumerate(bound.stage_columns)}
        self.places[key_text(bound.dialect)] = 0
        self.joins: list[str] = []

    def of(self, column: BoundColumn) -> list[Field]:
        stored = f"t.{self.quote(column.name)}"
        if column.lookup:
            lookup = next(one for one in self.bound.lookups if one.column == column.name)
            return self.looked_up(column, lookup, stored)
        bare = self.bare(column)
        if bare is not None:
            if isinstance(column.kind, Text):
                return [Field(bare, stored, bare=True)]
            return [Field(bare, stored, plain=True, bare=True)]
        read, shown = self.mapped(column), column.kind.shown(stored, self.new)
        if self.old != self.new and column.kind.portable(HOLE, self.old) != HOLE:
            read = Composed(column.kind.portable(hole(0), self.old), [read])
            shown = column.kind.portable(f"({shown})", self.new)
        return [Field(read, shown, self.is_plain(column))]

    def mapped(self, column: BoundColumn) -> sa.ColumnElement[Any]:
        """What the copy reads. A value map of whole numbers is looked up by number first, at half the cost of looking up texts."""
        read, made = self.read(column.text), self.bound.mapping.made.get(column.name)
        if not isinstance(made, ValueMap) or not isinstance(column.source, Integer):
            return read
        if not all(_NUMBER.fullmatch(code) for code in made.entries):
            return read
        words = {
            int(code): sa.null() if word is None else literal(column.kind.format(word), self.old)
            for code, word in made.entries.items()
        }
        return sa.case(words, value=made.value, else_=read)

    def bare(self, column: BoundColumn) -> sa.ColumnElement[Any] | None:
        """The old column itself, where both databases make the same text of it without being asked for a canonical one."""
        if self.old != self.new or not column.kind.alike(column.source, self.new):
            return None
        made: Any = self.bound.mapping.made.get(column.name)
        value = made.value if isinstance(made, (Expression, Narrow)) else None
        if made is None and isinstance(self.bound.mapping.ids, Keep):
            place = self.bound.identity_columns.index(column.name)
            value = self.bound.mapping.root[self.bound.key.columns[place].name]
        return value if isinstance(value, sa.ColumnClause) and value.table is not None else None

    def looked_up(self, column: BoundColumn, lookup: BoundLookup, stored: str) -> list[Field]:
        """What the parent was looked up by."""
        alias = f"p{len(self.joins)}"
        if lookup.through is not None:
            self.joins.append(
                f"LEFT JOIN changeover_id_map AS {alias} ON {alias}.target_id = {stored} "
                f"AND {alias}.mapping_id = {lookup.through}"
            )
            numbers = all(isinstance(kind, Integer) for kind in lookup.kinds)
            read = self.bare_number(column, lookup)
            read = self.read(column.text) if read is None else read
            return [self.key(read, f"{alias}.root_key", numbers=numbers)]
        if [name for name, _ in lookup.on] == [lookup.returned] and self.has_parent(column, lookup):
            return [Field(self.read(column.text), column.kind.shown(stored, self.new))]
        parent = self.bound.dialect.table(TableName.parse(lookup.parent))
        self.joins.append(
            f"LEFT JOIN {parent} AS {alias} ON {alias}.{self.quote(lookup.returned)} = {stored}"
        )
        return [
            Field(self.read(staged), kind.shown(f"{alias}.{self.quote(name)}", self.new))
            for (name, staged), kind in zip(lookup.on, lookup.kinds, strict=True)
        ]

    def bare_number(self, column: BoundColumn, lookup: BoundLookup) -> sa.ColumnElement[Any] | None:
        """The old column that holds the parent's key, where the server writes it as the id map has it, without being asked to."""
        made = self.bound.mapping.made.get(column.name)
        if not isinstance(made, Lookup) or len(made.values) != 1 or self.old != self.new:
            return None
        (value,), kind = made.values, lookup.kinds[0]
        if not isinstance(value, sa.ColumnClause) or value.table is None:
            return None
        return value if kind.alike(column.source, self.new) else None

    def has_parent(self, column: BoundColumn, lookup: BoundLookup) -> bool:
        """The new database sees to it that the parent is there."""
        parent = TableName.parse(lookup.parent)
        return any(
            key.columns == (column.name,)
            and key.parent_columns == (lookup.returned,)
            and key.parent.name == parent.name
            for key in self.bound.new.foreign_keys
        )

    def read(self, staged: str) -> sa.ColumnElement[Any]:
        """What the copy reads for a column of the stage."""
        return self.bound.read_fields[self.places[staged]]

    def is_plain(self, column: BoundColumn) -> bool:
        kinds = (column.kind, column.source)
        plain = all(isinstance(kind, WrittenKind) and kind.plain for kind in kinds)
        return plain and not column.marked and self.new != "sqlite"

    def key(self, read: sa.ColumnElement[Any], key: str, *, numbers: bool) -> Field:
        """A key of the id map, which MariaDB and MySQL keep as bytes: digits need no conversion to be joined to texts."""
        if self.new != "mysql":
            return Field(read, key, plain=numbers)
        return (
            Field(read, key, plain=True, bare=True)
            if numbers
            else Field(read, f"CONVERT({key} USING utf8mb4)")
        )
