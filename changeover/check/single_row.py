"""Whether a condition leads to at most one row of a table: its equalities cover a unique key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BooleanClauseList, Grouping

from changeover.mapping.references import sources_in
from changeover.schema import TableShape


def covers_a_key(shape: TableShape, pinned: set[str]) -> bool:
    """Whether one row at most has given values in the columns ``pinned``."""
    return any(set(key) <= pinned for key in (shape.primary_key, *shape.uniques) if key)


def pinned_columns(condition: sa.ClauseElement | None, source: sa.FromClause) -> set[str]:
    """Columns of ``source`` that the condition makes equal to something that is not of ``source``."""
    if condition is None:
        return set()
    found: set[str] = set()
    for part in _conjuncts(condition):
        if isinstance(part, sa.BinaryExpression) and part.operator is operators.eq:
            for one, other in ((part.left, part.right), (part.right, part.left)):
                if (
                    isinstance(one, sa.ColumnClause)
                    and one.table is source
                    and source not in sources_in(other)
                ):
                    found.add(one.name)
    return found


def _conjuncts(condition: Any) -> Iterator[sa.ClauseElement]:
    while isinstance(condition, Grouping):
        condition = condition.element
    if isinstance(condition, BooleanClauseList) and condition.operator is operators.and_:
        for part in condition.clauses:
            yield from _conjuncts(part)
    else:
        yield condition
