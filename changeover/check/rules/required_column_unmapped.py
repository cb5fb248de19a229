"""The rule `required-column-unmapped`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.check.unmapped import is_required, unmapped


class RequiredColumnUnmapped(MappingRule):
    """A column of the target needs a value, and the mapping gives none.

    It is `NOT NULL` and has no default: no row could be inserted. That holds for a merge too, when another
    mapping makes the column, since a row may be known to this mapping alone.

    Instead: map the column, give it `constant(…)`, or give it a default in the new schema.
    """

    name: ClassVar[str] = "required-column-unmapped"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        for column in unmapped(case):
            if is_required(column):
                yield self.find(
                    case,
                    "the column is NOT NULL without a default, and the mapping does not make it: no "
                    "row could be inserted",
                    "map it, give it constant(…), or give it a default in the new schema",
                    column=column.name,
                )
