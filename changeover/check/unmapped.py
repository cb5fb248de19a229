"""Target columns that a mapping says nothing about."""

from __future__ import annotations

from collections.abc import Iterator

from changeover.check.case import Case
from changeover.mapping import Assigned
from changeover.schema import ColumnShape


def unmapped(case: Case) -> Iterator[ColumnShape]:
    """Columns of the target that neither the mapping nor its ids rule makes, and that the database doesn't generate."""
    if case.target is None:
        return
    for column in case.target.columns:
        if (
            not column.computed
            and column.name not in case.columns
            and column.name not in case.target.primary_key
        ):
            yield column


def is_required(column: ColumnShape) -> bool:
    """Whether a row can't be inserted without a value for it."""
    return not (column.nullable or column.has_default or column.counted)


def by_another(case: Case, column: str) -> bool:
    """Whether a mapping that shares this one's rows (by `Assigned(match=…)`) makes the column."""
    mine = case.mapping.ids
    return (
        isinstance(mine, Assigned)
        and bool(mine.match)
        and any(
            isinstance(other.ids, Assigned) and other.ids.match == mine.match and column in other.made
            for other in case.registry.of_target(case.mapping.target)
        )
    )
