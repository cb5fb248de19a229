"""The rule `offset-overflow`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.id_space import id_space
from changeover.check.rule import MappingRule
from changeover.mapping import Offset
from changeover.types.integer import Integer


class OffsetOverflow(MappingRule):
    """The root's highest key plus `Offset(by=…)` doesn't fit the target's key column.

    Instead: choose a smaller `by`, or make the column larger (BIGINT).
    """

    name: ClassVar[str] = "offset-overflow"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        target = case.target
        if not isinstance(case.mapping.ids, Offset) or target is None or len(target.primary_key) != 1:
            return
        column = target.column(target.primary_key[0])
        space = id_space(case)
        if (
            column is None
            or not isinstance(column.kind, Integer)
            or space is None
            or space.highest is None
            or space.lowest is None
        ):
            return
        if space.highest > column.kind.high or space.lowest < column.kind.low:
            yield self.find(
                case,
                f"its ids ({space.lowest} to {space.highest}) don't fit a column of type {column.kind.name}",
                "choose a smaller by=, or make the column larger",
                column=column.name,
            )
