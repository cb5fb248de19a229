"""The target columns that the ids rule of a mapping makes."""

from __future__ import annotations

from changeover.binding.mismatch import Mismatch
from changeover.errors import Place
from changeover.keyset.key import Key
from changeover.mapping import Assigned, Expression, Keep, Mapping, Offset, TargetDefault
from changeover.mapping.columns import Column
from changeover.schema import TableShape
from changeover.types.integer import Integer


def identity_columns(mapping: Mapping, key: Key, target: TableShape) -> dict[str, Column]:
    """Key columns of the target and what its ids rule makes them of; empty where it takes none from the root.

    Raises: Mismatch when the rule doesn't fit the root's key or the target's.
    """
    place = Place(mapping.name, mapping.target)
    primary, ids = target.primary_key, mapping.ids
    if not primary:
        raise Mismatch(
            place,
            "the target has no primary key",
            "give it one: without it a row that was moved can't be found again",
        )
    if isinstance(ids, Keep):
        return _kept(mapping, place, key, primary)
    if isinstance(ids, Offset):
        return _shifted(mapping, ids, place, key, target)
    if isinstance(ids, Assigned):
        if len(primary) != 1 or not _is_integer(target, primary[0]):
            raise Mismatch(
                place,
                f"ids=Assigned() needs a target with one integer key column, and its key is ({', '.join(primary)})",
                "use ids=Keep() or ids=Computed(), or give the target a key of its own",
            )
        return {}
    missing = [c for c in primary if isinstance(mapping.made.get(c, TargetDefault()), TargetDefault)]
    if missing:
        raise Mismatch(
            place,
            f"ids=Computed() needs each key column of the target in the mapping; missing: {', '.join(missing)}",
            "say in columns={…} how each is made, or use ids=Assigned()",
        )
    return {}


def _kept(mapping: Mapping, place: Place, key: Key, primary: tuple[str, ...]) -> dict[str, Column]:
    names = [c.name for c in key.columns]
    if len(names) != len(primary):
        raise Mismatch(
            place,
            f"ids can't be kept: the root's key ({', '.join(names)}) has {len(names)} columns, the target's "
            f"({', '.join(primary)}) has {len(primary)}",
            "use ids=Computed() and say how each key column is made, or ids=Assigned()",
        )
    return {made: Expression(mapping.root[name]) for made, name in zip(primary, names, strict=True)}


def _shifted(mapping: Mapping, ids: Offset, place: Place, key: Key, target: TableShape) -> dict[str, Column]:
    names = [c.name for c in key.columns]
    primary = target.primary_key
    if not key.is_number or len(primary) != 1 or not _is_integer(target, primary[0]):
        raise Mismatch(
            place,
            f"ids=Offset() needs one integer key column on both sides, and there are ({', '.join(names)}) and "
            f"({', '.join(primary)})",
            "use ids=Assigned(), or ids=Computed() and say how each key column is made",
        )
    return {primary[0]: Expression(mapping.root[names[0]] + ids.by)}


def _is_integer(table: TableShape, name: str) -> bool:
    column = table.column(name)
    return column is not None and isinstance(column.kind, Integer)
