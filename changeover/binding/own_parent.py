"""Rows that are their own parent: the row that a lookup of its own table would wait for is the one being written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from changeover.binding.bound import BoundColumn, BoundLookup


def own_parents(
    columns: Sequence[BoundColumn],
    lookups: Sequence[BoundLookup],
    primary_key: tuple[str, ...],
    *,
    assigned: bool,
) -> tuple[tuple[BoundColumn, ...], tuple[BoundLookup, ...]]:
    """The columns and lookups, where a lookup of the target itself that finds no row gives the staged row's own key, if that is
    what was asked for.

    Parameters: ``assigned`` says that the key comes from the id map.
    """
    made = {column.name: column for column in columns}
    values: dict[str, str] = {}
    changed: list[BoundLookup] = []
    for lookup in lookups:
        own = "i.target_id" if assigned and (lookup.returned,) == primary_key else ""
        if lookup.returned in made and not made[lookup.returned].lookup:
            own = made[lookup.returned].value
        known = all(name in made and not made[name].lookup for name, _ in lookup.on)
        if lookup.own and lookup.on and known and own:
            same = " AND ".join(f"{text} = {made[name].text}" for name, text in lookup.on)
            value = f"COALESCE({lookup.value}, CASE WHEN {same} THEN {own} END)"
            values[lookup.column] = value
            changed.append(replace(lookup, value=value))
        else:
            changed.append(lookup)
    return tuple(replace(c, value=values.get(c.name, c.value)) for c in columns), tuple(changed)
