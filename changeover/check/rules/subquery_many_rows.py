"""The rule `subquery-many-rows`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.sql import visitors
from sqlalchemy.sql.functions import FunctionElement

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.check.single_row import covers_a_key, pinned_columns
from changeover.dialects import TableName
from changeover.mapping.expressions import is_aggregate
from changeover.mapping.references import base, uses


class SubqueryManyRows(MappingRule):
    """A scalar subquery may find several rows.

    MariaDB, MySQL and PostgreSQL then fail the whole chunk, and SQLite takes any of the rows. One row is
    certain with an aggregate, with `LIMIT 1`, or where the condition covers a unique key.

    ```python
    select(image.url).where(image.product_id == product.id).scalar_subquery()                # error
    select(func.min(image.url)).where(image.product_id == product.id).scalar_subquery()      # ok
    ```
    """

    name: ClassVar[str] = "subquery-many-rows"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        own = [case.mapping.root.from_, *(join.table.from_ for join in case.mapping.joins)]
        for use in uses(case.mapping):
            for part in visitors.iterate(use.value):
                if not isinstance(part, sa.ScalarSelect) or not isinstance(part.element, sa.Select):
                    continue
                table = _many(case, part.element, own)
                if table is not None:
                    yield self.find(
                        case,
                        f"a subquery of {use.what} may find several rows of {table}",
                        "use an aggregate (func.min(…)), .limit(1) with an order, or a condition "
                        "that covers a unique key",
                        table=case.old_table(table),
                        column=use.column,
                    )


def _many(case: Case, select: sa.Select[Any], own: list[sa.FromClause]) -> TableName | None:
    """The table that the subquery may find several rows of; None where it can't, or where it can't be told."""
    sources = [source for source in select.get_final_froms() if not any(source is mine for mine in own)]
    named = base(sources[0]) if len(sources) == 1 else None
    if named is None or _is_aggregate(select) or _is_limited(select):
        return None
    table = TableName(named.name, named.schema)
    shape = case.named(table)
    if shape is None or covers_a_key(shape, pinned_columns(select.whereclause, sources[0])):
        return None
    return table


def _is_aggregate(select: sa.Select[Any]) -> bool:
    if select._group_by_clauses:  # pyright: ignore[reportPrivateUsage]
        return False
    return any(
        isinstance(part, FunctionElement) and is_aggregate(part)
        for column in select.selected_columns
        for part in visitors.iterate(column)
    )


def _is_limited(select: sa.Select[Any]) -> bool:
    limit: Any = select._limit_clause if select._limit_clause is not None else select._fetch_clause  # pyright: ignore[reportPrivateUsage]
    return limit is not None and getattr(limit, "value", None) in (0, 1)
