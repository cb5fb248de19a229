"""What direct mode writes of a root's row into one target, made of the very SQL that a copier reads and writes with.

A value goes the way that it goes in a chunk: the old column's canonical text, then the new column's reading of it; only where both
columns are of one kind it goes by itself. What a copier would look for after a failure (text too long, digits lost) is looked for
before. So whatever a trigger writes, `apply` would have written.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace

import sqlalchemy as sa

from changeover.binding import Bound, BoundColumn
from changeover.binding.joins import comparable
from changeover.capture import direct_values as values
from changeover.dialects import Dialect, TableName
from changeover.dialects.direct import Found, Parent, Receiver, Site, TargetWrite, Variable
from changeover.mapping import Expression, Narrow
from changeover.types.base import Family, Fit
from changeover.types.integer import Integer
from changeover.types.postgres_probe import raising
from changeover.types.text import Text

_STAGED = re.compile(r"s\.[`\"]c(\d+)[`\"]")
_RAW = ("integer", "decimal", "text", "binary", "boolean", "uuid")
"""Kinds whose values MariaDB stores as they are, or refuses."""


class Writing:
    """One target's part. Variables are numbered through, since a root may have several targets."""

    def __init__(self, bound: Bound, site: Site, receiver: Receiver, number: int) -> None:
        self.bound = bound
        self.dialect: Dialect = bound.dialect
        self.family: Family = bound.dialect.family
        self.root = bound.mapping.root
        self.site = site
        definition = hashlib.sha256(receiver.definition.encode()).hexdigest()[:16]
        self.receiver = replace(receiver, definition=definition)
        self.number = number
        self.used: set[int] = set()

    def write(self) -> TargetWrite:
        bound = self.bound
        lookups = tuple(self.lookup(place) for place in range(len(bound.lookups)))
        by_lookup = {one.column: v.name for one, v in zip(bound.lookups, lookups, strict=True)}
        pairs = [(c.name, by_lookup.get(c.name) or self.value(c)) for c in bound.columns]
        keys = [bound.column(name) for name in bound.identity_columns]
        named = {c.name for c in keys}
        pairs.sort(key=lambda pair: pair[0] not in named)
        left = tuple(self.left(by_lookup))
        key = tuple((c.name, self.equal(c, "NEW")) for c in keys)
        old_key = tuple((c.name, self.equal(c, "OLD")) for c in keys)
        return TargetWrite(
            table=self.placed(bound.new.table),
            receiver=self.receiver,
            texts=tuple(self.text(n, "c", "NEW") for n in sorted(self.used)),
            lookups=lookups,
            left=left,
            key=key,
            old_texts=tuple(
                self.text(n, "o", "OLD")
                for n in sorted({n for c in keys if not self.compared_raw(c) for n in self.places(c)})
            ),
            old_key=old_key,
            values=tuple(pairs),
            wanted=self.condition("NEW"),
            was_wanted=self.condition("OLD"),
            parents=tuple(self.parents(dict(pairs))),
        )

    # A column's value

    def value(self, column: BoundColumn) -> str:
        """SQL of what the column is given."""
        return (
            f"NEW.{self.dialect.quote(raw)}" if (raw := self.raw(column)) else self.in_variables(column.value)
        )

    def equal(self, column: BoundColumn, row: str) -> str:
        """SQL that the key column equals in the target's row."""
        if raw := self.compared_raw(column):
            return f"{row}.{self.dialect.quote(raw)}"
        text = comparable(self.bound.new, column.name, column.text, self.dialect)
        return self.in_variables(text, "c" if row == "NEW" else "o")

    def compared_raw(self, column: BoundColumn) -> str:
        """The same for comparing. Two text columns' collations may not go together; a variable's goes with all."""
        return "" if isinstance(column.kind, Text) else self.raw(column)

    def raw(self, column: BoundColumn) -> str:
        """The root's column whose values are the target's, of one kind and stored alike; empty where there is none."""
        source = self.plain(column)
        if (
            not source
            or column.lookup
            or column.marked
            or column.kind.accepts(column.source).fit is not Fit.EXACT
        ):
            return ""
        if self.family == "postgresql" and column.kind == column.source:
            return source
        sort = getattr(column.kind, "sort", "")
        alike = type(column.kind) is type(column.source) and sort in _RAW
        fixed = getattr(column.kind, "fixed", False) or getattr(column.source, "fixed", False)
        return source if alike and (column.kind == column.source or not fixed) else ""

    def plain(self, column: BoundColumn) -> str:
        """The root's column that makes this one, if one does."""
        made = self.bound.mapping.made.get(column.name)
        if made is None and column.name in self.bound.identity_columns and not self.bound.offset:
            place = self.bound.identity_columns.index(column.name)
            return self.bound.key.columns[place].name
        value = made.value if isinstance(made, (Expression, Narrow)) else None
        return value.name if isinstance(value, sa.ColumnClause) else ""

    # Texts and what is made of them

    def places(self, column: BoundColumn) -> set[int]:
        return {int(n) for text in column.staged for n in _STAGED.findall(text)}

    def in_variables(self, sql: str, kind: str = "c") -> str:
        """SQL over the stage as SQL over variables, which are then needed."""
        if kind == "c":
            self.used |= {int(n) for n in _STAGED.findall(sql)}
        return _STAGED.sub(lambda found: self.name(kind, int(found[1])), sql)

    def name(self, kind: str, place: int) -> str:
        return f"changeover_{kind}{self.number}_{place}"

    def text(self, place: int, kind: str, row: str) -> Variable:
        field = self.bound.read_fields[place + 1]
        return Variable(self.name(kind, place), values.written(field, self.root, row, self.family))

    def lookup(self, place: int) -> Found:
        lookup = self.bound.lookups[place]
        return Found(
            self.name("l", place),
            lookup.returned,
            self.placed(TableName.parse(lookup.parent)),
            lookup.alias,
            self.in_variables(lookup.joined.partition(" ON ")[2]),
            number=isinstance(self.bound.column(lookup.column).kind, Integer),
        )

    def left(self, by_lookup: dict[str, str]) -> Iterator[str]:
        """What is no matter for a trigger: parents that aren't there, and values that don't fit."""
        for lookup in self.bound.lookups:
            yield f"{self.in_variables(lookup.given)} AND {by_lookup[lookup.column]} IS NULL"
        doubtful = [c for c in self.bound.columns if not c.lookup and not self.raw(c)]
        doubtful += [text for lookup in self.bound.lookups for text in lookup.parsed]
        for column in doubtful:
            text = self.in_variables(column.text)
            misfits = [
                raising(self.in_variables(one.predicate))
                for one in column.kind.misfits(column.text, self.family)
            ]
            if misfits:
                yield f"{text} IS NOT NULL AND ({' OR '.join(f'({one})' for one in misfits)})"

    def condition(self, row: str) -> str:
        where = self.bound.mapping.where
        return (
            ""
            if where is None
            else f"COALESCE(({values.written(where, self.root, row, self.family)}), FALSE)"
        )

    def parents(self, given: dict[str, str]) -> Iterator[Parent]:
        """Rows that the target's foreign keys lead to."""
        for key in self.bound.new.foreign_keys:
            if all(name in given for name in key.columns):
                on = tuple(
                    (own, self.parent_value(name, given[name]))
                    for name, own in zip(key.columns, key.parent_columns, strict=True)
                )
                yield Parent(self.placed(key.parent), on)

    def parent_value(self, name: str, value: str) -> str:
        """A foreign key's value, as its parent's column is asked for it: both are of one type."""
        kind = self.bound.column(name).kind
        compared = isinstance(kind, (Integer, Text))
        return comparable(self.bound.new, name, value, self.dialect) if compared else value

    def placed(self, table: TableName) -> TableName:
        """The table with its schema: in a trigger, none would mean the old one."""
        return TableName(table.name, table.schema or self.site.home)
