"""How a lookup finds its parent on the new side: by the parent's ids rule, through the id map, or by a natural key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from changeover.binding.bound import BoundColumn, BoundLookup
from changeover.binding.mismatch import Mismatch
from changeover.errors import Place
from changeover.keyset.key import Key
from changeover.mapping import Assigned, Computed, Lookup, Mapping, Offset, Registry
from changeover.schema import ColumnShape, TableShape
from changeover.types.base import Fit, Kind
from changeover.types.text import Text

if TYPE_CHECKING:
    from changeover.binding.bind import _Binder  # pyright: ignore[reportPrivateUsage]


def find_parent(place: Place, registry: Registry, mapping: Mapping, made: Lookup) -> Mapping:
    """The mapping that moves the parent's rows.

    Raises: Mismatch when there is none, or several and the lookup doesn't say which.
    """
    feeding = registry.of_target(made.parent)
    if made.mapping:
        named = [m for m in feeding if m.name == made.mapping or m.root_name == made.mapping]
        if not named:
            there = ", ".join(m.name for m in feeding) or "none"
            raise Mismatch(
                place,
                f"mapping {made.mapping!r} does not feed {made.parent}",
                f"name one that does with mapping=: {there}",
            )
        return named[0]
    if not feeding:
        raise Mismatch(
            place,
            f"no mapping feeds {made.parent}, so its old keys are unknown",
            "look it up with by=<natural key>",
        )
    same = [m for m in feeding if m.database == mapping.database] or list(feeding)
    if len(same) > 1:
        there = ", ".join(m.name for m in same)
        raise Mismatch(place, f"several mappings feed {made.parent}", f"say which with mapping=: {there}")
    return same[0]


def natural_key(place: Place, parent: TableShape, made: Lookup) -> list[Kind]:
    """The kinds of the parent's columns in ``by``. Raises Mismatch when they don't exist or don't identify a row."""
    kinds: list[Kind] = []
    for name in made.by:
        column = parent.column(name)
        if column is None or column.kind is None:
            there = ", ".join(c.name for c in parent.columns if c.kind is not None)
            raise Mismatch(
                place,
                f"{parent.table} has no column {name} to look up by, or none of a type that can be compared",
                f"name others in by=; there are: {there}",
            )
        kinds.append(column.kind)
    unique = (parent.primary_key, *parent.uniques)
    if not any(set(key) <= set(made.by) for key in unique if key):
        raise Mismatch(
            place,
            f"({', '.join(made.by)}) is not unique in {parent.table}, so a lookup could find several rows",
            "add a unique index on it",
        )
    return kinds


def old_key_given(place: Place, made: Lookup, other: Mapping, key: Key) -> None:
    """Raises Mismatch when the lookup's values can't be the key of a root of ``other``, the parent's mapping."""
    if len(made.values) != len(key.columns):
        raise Mismatch(
            place,
            f"the key of {other.root_name} has {len(key.columns)} columns ({', '.join(c.name for c in key.columns)}), "
            f"and the lookup names {len(made.values)}",
            "name one old column for each, in this order",
        )
    if isinstance(other.ids, Computed):
        raise Mismatch(
            place, f"the ids of {other.name} are computed", f"look {made.parent} up with by=<natural key>"
        )


def can_be_null(place: Place, name: str, column: ColumnShape, target: TableShape) -> None:
    """Raises Mismatch when a row of ``target`` can't be written without the column."""
    if not column.nullable or name in target.primary_key:
        raise Mismatch(
            place,
            "it must not be NULL, and a lookup with later=True writes its row without it first",
            "let the column be NULL in the new schema, or leave later=True out and move the parent before",
        )


def returned(place: Place, parent: TableShape, made: Lookup) -> str:
    """The parent's column that the lookup gives. Raises Mismatch when it can't be told."""
    if made.returns:
        return made.returns
    if len(parent.primary_key) != 1:
        raise Mismatch(
            place, f"{parent.table} has no single key column to look up", "say which column with returns="
        )
    return parent.primary_key[0]


def through_ids(
    binder: _Binder,
    name: str,
    made: Lookup,
    other: Mapping,
    key: Key,
    parent: TableShape,
    alias: str,
    own: bool,
) -> tuple[tuple[str, ...], BoundLookup]:
    """The staged texts and the join of a lookup by the parent's old key."""
    place = binder.place(name)
    old_key_given(place, made, other, key)
    sources = [binder.source(name, value) for value in made.values]
    texts: tuple[BoundColumn, ...] = ()
    on: tuple[tuple[str, str], ...] = ()
    column = ""
    through: int | None = None
    known: tuple[Kind, ...] = ()
    if isinstance(other.ids, Assigned):
        through = binder.ids[other.name]
        known = tuple(key_column.kind for key_column in key.columns)
        parts = key.spelled(sources, made.values, binder.family)
        staged = (binder.stage(key.join(parts, binder.family)),)
        dialect = binder.new_schema.dialect
        joined = (
            f"LEFT JOIN changeover_id_map AS {alias} ON {alias}.mapping_id = "
            f"{dialect.constant_after(through, staged[0])} "
            f"AND {alias}.root_key = {dialect.as_key(staged[0])}"
        )
        value = f"{alias}.target_id"
    else:
        shift = other.ids.by if isinstance(other.ids, Offset) else 0
        values = [value + shift if shift else value for value in made.values]
        kinds = [
            column.kind for column in (parent.column(c) for c in parent.primary_key) if column is not None
        ]
        staged = tuple(
            binder.stage(source.text(value, binder.family, kind or source))
            for source, value, kind in zip(sources, values, kinds, strict=True)
        )
        joined = binder.joined(alias, parent, list(parent.primary_key), staged)
        column = returned(place, parent, made)
        on = tuple(zip(parent.primary_key, staged, strict=True))
        known = tuple(kind or source for source, kind in zip(sources, kinds, strict=True))
        value = f"{alias}.{binder.quote(column)}"
        texts = parsed(name, staged, sources, kinds)
    given = " AND ".join(f"{s} IS NOT NULL" for s in staged)
    return staged, BoundLookup(
        name, alias, joined, value, given, made.parent, own, on, column, texts, known, through
    )


def parsed(
    name: str, staged: Sequence[str], sources: Sequence[Kind], kinds: Sequence[Kind | None]
) -> tuple[BoundColumn, ...]:
    """The staged texts of a lookup that the parent's columns have to parse, and may not be able to.

    Text that is no number would end the statement on one database, and be another row's number on the next.
    """
    return tuple(
        BoundColumn(name, kind, source, text, (text,), nullable=True)
        for text, source, kind in zip(staged, sources, kinds, strict=True)
        if kind is not None and not isinstance(kind, Text) and kind.accepts(source).fit is not Fit.EXACT
    )
