"""The lookups of a mapping, with what can be told of their parents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from changeover.binding.mismatch import Mismatch
from changeover.binding.parents import find_parent
from changeover.check.case import Case
from changeover.check.site import Site
from changeover.dialects import TableName
from changeover.mapping import Lookup
from changeover.schema import ColumnShape, TableShape


@dataclass(frozen=True)
class Led:
    """A lookup whose parent table exists. ``column`` is None where the target has no such column."""

    name: str
    column: ColumnShape | None
    how: Lookup
    parent: TableShape


def lookups(case: Case) -> Iterator[Led]:
    """The lookups of a mapping whose parent table exists."""
    for name, how in case.mapping.made.items():
        parent = case.new_table(TableName.parse(how.parent)) if isinstance(how, Lookup) else None
        if isinstance(how, Lookup) and parent is not None:
            yield Led(name, case.target.column(name) if case.target else None, how, parent)


def parent_case(site: Site, case: Case, led: Led) -> Case | None:
    """The mapping that moves the parent's rows, for a lookup by their old key; None where that can't be told."""
    if led.how.by:
        return None
    try:
        return site.case(find_parent(case.place(led.name), case.registry, case.mapping, led.how).name)
    except Mismatch:
        return None
