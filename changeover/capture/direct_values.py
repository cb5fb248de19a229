"""Which expressions of a mapping a trigger may compute, and how one is written over a changed row.

What the old database computes for a copier, in a session of ours, a trigger computes in a session of the application's. So only
what is known to depend on no setting of a session is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import CollationClause
from sqlalchemy.sql.functions import FunctionElement

from changeover.capture.watched import over
from changeover.mapping import OldTable, utc
from changeover.types.base import Family

FUNCTIONS = frozenset(
    "abs ascii char_length coalesce concat greatest if ifnull instr least left length locate lower lpad ltrim mod nullif "
    "octet_length position repeat replace reverse right rpad rtrim sign strpos substr substring substring_index trim upper".split()
)
"""Functions of MariaDB and PostgreSQL whose value depends on their arguments alone."""

_PLAIN = (
    sa.BindParameter,
    sa.Case,
    sa.BinaryExpression,
    sa.BooleanClauseList,
    sa.UnaryExpression,
    CollationClause,
)
_STRUCTURE = {
    "grouping",
    "clauselist",
    "expression_clauselist",
    "null",
    "true",
    "false",
    "typeclause",
    "asboolean",
    "tuple",
}
_OPERATORS = frozenset(
    (
        operators.add,
        operators.sub,
        operators.mul,
        operators.neg,
        operators.concat_op,
        operators.and_,
        operators.or_,
        operators.inv,
        operators.is_,
        operators.is_not,
        operators.in_op,
        operators.not_in_op,
        operators.between_op,
        operators.not_between_op,
        operators.like_op,
        operators.not_like_op,
        operators.eq,
        operators.ne,
        operators.lt,
        operators.le,
        operators.gt,
        operators.ge,
        operators.collate,
        operators.is_distinct_from,
        operators.is_not_distinct_from,
        operators.comma_op,
    )
)
_DIALECTS: dict[Family, Any] = {
    # The style of parameters is that of no driver, so that a percent sign is one.
    "mysql": mysql.dialect(paramstyle="named"),
    "postgresql": postgresql.dialect(paramstyle="named"),
}


def refused(value: sa.ClauseElement, root: OldTable, family: Family) -> str:
    """Why a trigger can't be trusted with the expression; completes "it …". Empty where it can."""
    return next(_reasons(value, root, family), "")


def _reasons(value: Any, root: OldTable, family: Family) -> Iterator[str]:
    if isinstance(value, sa.ColumnClause):
        if value.is_literal or value.table is not root.from_:
            yield "holds SQL as text" if value.table is None else "reads more than its root's row"
        return
    if why := _itself(value, family):
        yield why
    for child in value.get_children():
        yield from _reasons(child, root, family)


def _itself(value: Any, family: Family) -> str:
    """Why the outermost part of the expression can't be trusted."""
    if isinstance(value, sa.Cast):
        dated = isinstance(value.type, (sa.Date, sa.Time, sa.DateTime))
        return (
            "casts to a date or time, whose value depends on the sql_mode"
            if family == "mysql" and dated
            else ""
        )
    if isinstance(value, utc):
        return ""
    if isinstance(value, FunctionElement):
        known = str(value.name).lower() in FUNCTIONS
        return "" if known else f"calls {value.name}(), which {_UNKNOWN}"
    if isinstance(value, _PLAIN):
        operator = getattr(value, "operator", None)
        name = getattr(operator, "__name__", operator)
        return (
            ""
            if operator is None or operator in _OPERATORS
            else f"uses the operator {name}, which {_UNKNOWN}"
        )
    known = getattr(value, "__visit_name__", "") in _STRUCTURE
    return "" if known else f"holds a {type(value).__name__}, which {_UNKNOWN}"


_UNKNOWN = "is not known to be free of the session's settings"


def written(value: sa.ClauseElement, root: OldTable, row: str, family: Family) -> str:
    """SQL of the expression over ``row`` (``NEW`` or ``OLD``)."""
    of_row = over(row)

    def replace(element: Any, **_: Any) -> Any:
        is_own = isinstance(element, sa.ColumnClause) and element.table is root.from_
        return of_row(element.name) if is_own else None

    replaced: Any = visitors.replacement_traverse(value, {}, replace)
    return str(replaced.compile(dialect=_DIALECTS[family], compile_kwargs={"literal_binds": True}))
