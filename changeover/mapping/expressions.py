"""What an old-side expression must be: an SQLAlchemy expression that speaks of one row."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import Grouping, Over
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import SelectBase

AGGREGATES = frozenset(
    "aggregate_strings any_value array_agg avg bit_and bit_or bit_xor bool_and bool_or count every group_concat "
    "json_agg json_arrayagg json_group_array json_group_object json_object_agg json_objectagg jsonb_agg "
    "jsonb_object_agg max min percentile_cont percentile_disc stddev stddev_pop stddev_samp string_agg sum total "
    "var_pop var_samp variance".split()
)
"""Functions that make one value of many rows, on any of the databases."""


def expression(what: str, value: Any) -> sa.ColumnElement[Any]:
    """``value`` as an old-side expression. Raises TypeError, naming ``what`` it was given to, for what is none."""
    if isinstance(value, sa.Select):
        return value.scalar_subquery()
    if isinstance(value, sa.ColumnElement):
        return value
    if isinstance(value, sa.TextClause):
        raise TypeError(
            f"{what} got text(…), of which nothing is known; write literal_column(…), or an expression"
        )
    raise TypeError(
        f"{what} got {value!r}, which is no SQLAlchemy expression: write an old column (`product.price`) or an expression of some"
    )


def condition(what: str, value: Any) -> sa.ColumnElement[bool]:
    """``value`` as a condition. Raises TypeError, naming ``what`` it was given to, for what is none."""
    found = expression(what, value)
    if isinstance(found, sa.ColumnClause) and found.is_literal:
        # Words that SQLAlchemy can't read: an OR in them must not reach the conditions they are combined with.
        return Grouping(found)
    return found


def more_than_a_row(value: sa.ClauseElement) -> str | None:
    """What in an expression speaks of other rows than its own, subqueries left out; None where nothing does."""
    if isinstance(value, SelectBase):
        return None
    if isinstance(value, Over):
        return "a window function"
    if isinstance(value, FunctionElement) and is_aggregate(value):
        return f"the aggregate {value.name}()"
    return next((found for child in value.get_children() if (found := more_than_a_row(child))), None)


def is_aggregate(function: FunctionElement[Any]) -> bool:
    """Whether a function makes one value of many rows."""
    name = str(getattr(function, "name", "")).lower()
    # With several arguments, SQLite's max() and min() compare these.
    return name in AGGREGATES and (name not in ("max", "min") or len(function.clauses) == 1)
