"""The rule `key-made-twice`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import sqlalchemy as sa

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.mapping import Assigned, Computed, Expression, Keep, Narrow
from changeover.mapping.columns import Column


class KeyMadeTwice(MappingRule):
    """The mapping makes a key column of the target that its ids rule makes already.

    With `Keep` and `Offset` the target's key follows from the root's, and rows are found by that; with `Assigned` the
    new database gives it. Another value in the mapping would contradict the rule. The same column is allowed, to say
    `narrow()`.

    ```python
    ids=Keep(), columns={"id": narrow(product.id)}    # ok: the root's key, into a smaller type
    ids=Keep(), columns={"id": product.code}          # error
    ids=Computed(), columns={"id": product.code}      # ok
    ```
    """

    name: ClassVar[str] = "key-made-twice"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        ids = case.mapping.ids
        if case.target is None or isinstance(ids, Computed):
            return
        for place, name in enumerate(case.target.primary_key):
            how = case.mapping.made.get(name)
            if how is None or (not isinstance(ids, Assigned) and _is_the_key(case, place, how)):
                continue
            rule = type(ids).__name__
            remedy = "leave it out" if isinstance(ids, Assigned) else "leave it out, or use ids=Computed()"
            yield self.find(
                case, f"ids={rule}() makes this key column, and the mapping makes it too", remedy, column=name
            )


def _is_the_key(case: Case, place: int, how: Column) -> bool:
    if isinstance(case.mapping.ids, Keep) and case.key is not None and isinstance(how, (Expression, Narrow)):
        value = how.value
        names = [c.name for c in case.key.columns]
        return (
            isinstance(value, sa.ColumnClause)
            and value.table is case.mapping.root.from_
            and place < len(names)
            and value.name == names[place]
        )
    return isinstance(how, Narrow) or case.key is None
