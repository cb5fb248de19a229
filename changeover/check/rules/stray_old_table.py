"""The rule `stray-old-table`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import sqlalchemy as sa

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.mapping.references import Reference, base, references


class StrayOldTable(MappingRule):
    """An expression uses a table that is neither the root nor joined to it.

    SQL would combine every root with every row of that table. The same happens with a second `old(…)` of one table: two
    handles without an alias are two tables to SQLAlchemy, and one to the database. In a subquery, a second handle of
    the root hides the root.

    ```python
    "brand": brand.name                                             # error: brand is not joined
    joins=(left_join(brand, brand.id == product.brand_id),)         # ok
    ```

    Instead: join it with `join()` or `left_join()`, look it up in a scalar subquery, or use one handle throughout (and
    `alias=` where a table is needed twice).
    """

    name: ClassVar[str] = "stray-old-table"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        own: list[sa.FromClause] = [
            case.mapping.root.from_,
            *(join.table.from_ for join in case.mapping.joins),
        ]
        seen: set[tuple[str, str]] = set()
        for reference in references(case.mapping):
            if any(reference.source is source for source in own):
                continue
            twin = any(_same_name(reference.source, source) for source in own)
            if (reference.nested and not twin) or (str(reference.table), reference.use.what) in seen:
                continue
            seen.add((str(reference.table), reference.use.what))
            yield self._found(case, reference, twin)

    def _found(self, case: Case, reference: Reference, twin: bool) -> Finding:
        table, what = case.old_table(reference.table), reference.use.what
        if twin:
            message = f"{what} uses another handle of a table that the mapping names already"
            remedy = (
                "use the same old(…) object throughout, or give one an alias= where the table is needed twice"
            )
        else:
            message = f"{what} uses this table, which is neither the root nor joined to it"
            remedy = "join it with left_join() or join(), or take its value with a scalar subquery"
        return self.find(case, message, remedy, table=table, column=None)


def _same_name(one: sa.FromClause, other: sa.FromClause) -> bool:
    if getattr(one, "name", None) != getattr(other, "name", None):
        return False
    first, second = base(one), base(other)
    return (
        first is not None
        and second is not None
        and (first.name, first.schema) == (second.name, second.schema)
    )
