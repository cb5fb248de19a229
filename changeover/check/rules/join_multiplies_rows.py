"""The rule `join-multiplies-rows`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.check.single_row import covers_a_key, pinned_columns


class JoinMultipliesRows(MappingRule):
    """A join may find several rows for one root.

    Each root makes one target row at most. That is certain only where the join's condition makes all columns of a
    unique key of the joined table equal to something.

    ```python
    left_join(image, image.product_id == product.id)                          # error: several images a product
    left_join(image, and_(image.product_id == product.id, image.no == 1))     # ok, with a unique (product_id, no)
    ```

    Instead: make the condition cover a unique key, give the joined table a unique index, or take one value with a
    scalar subquery (`select(func.min(…))`, or `.limit(1)` with an order).
    """

    name: ClassVar[str] = "join-multiplies-rows"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        for join in case.mapping.joins:
            shape = case.shape(join.table)
            if shape is None:
                continue
            pinned = pinned_columns(join.on, join.table.from_)
            if not covers_a_key(shape, pinned):
                equal = f"({', '.join(sorted(pinned))})" if pinned else "no column"
                yield self.find(
                    case,
                    f"the join makes {equal} of it equal to something, which is no unique key of it: "
                    f"a root may find several rows",
                    "cover a unique key in the join's condition, add a unique index, or take one "
                    "value with a scalar subquery",
                    table=case.old_table(shape.table),
                )
