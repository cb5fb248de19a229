"""The rule `counter-headroom`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.id_space import id_space
from changeover.check.rule import MappingRule
from changeover.planning import HEADROOM, headroom, is_too_full
from changeover.types.integer import Integer


class CounterHeadroom(MappingRule):
    """The target's counter has few ids left above those of the old database.

    `Keep` and `Offset` give old and new rows one key space. When a table is planned, its counter is moved to 10,000,000
    above the highest old key, so that the old application can go on. Where the column's type ends before twice that, half of
    what is left is kept for the old application, and half is left to the new one. With fewer than 10 planning refuses.

    Instead: give the target's key a larger type.
    """

    name: ClassVar[str] = "counter-headroom"
    severity: ClassVar[Severity] = "warning"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        column = (
            case.target.column(case.target.primary_key[0])
            if case.target and case.target.primary_key
            else None
        )
        if column is None or not column.counted or not isinstance(column.kind, Integer):
            return
        space = id_space(case)
        highest = space.highest if space else None
        if highest is None or highest > column.kind.high:
            return
        kept = headroom(highest, column.kind.high)
        if kept < HEADROOM:
            left = column.kind.high - highest - kept
            refused = ", with which planning refuses the table" if is_too_full(kept, column.kind.high) else ""
            yield self.find(
                case,
                f"above the highest old id, {kept} are kept for the old application and {left} are left for the new{refused}",
                "give the column a larger type",
                column=column.name,
            )
