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
    """A key of the root plus `Offset(by=…)` doesn't fit the target's key column, or is negative.

    Ids below 0 belong to nobody's counter, and applications and tools take them for something else than ids.

    Instead: choose another `by`, or make the column larger (BIGINT).
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
        if space.lowest < 0 and space.shift < 0:
            yield self.find(
                case,
                f"its lowest id would be {space.lowest}",
                f"choose a by= of at least {space.shift - space.lowest}",
                column=column.name,
            )
        elif space.highest > column.kind.high or space.lowest < column.kind.low:
            yield self.find(
                case,
                f"its ids ({space.lowest} to {space.highest}) don't fit a column of type {column.kind.name}",
                "choose a smaller by=, or make the column larger",
                column=column.name,
            )
