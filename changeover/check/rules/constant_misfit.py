"""The rule `constant-misfit`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.declared import misfit
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.mapping import Constant


class ConstantMisfit(MappingRule):
    """A constant doesn't fit its column.

    `constant()` takes a Python value of the column's type: a string for text and enums, an int, a Decimal, a date.

    Instead: declare a value that the column can hold.
    """

    name: ClassVar[str] = "constant-misfit"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        for made in case.made():
            if isinstance(made.how, Constant):
                why = misfit(case.new_schema, made.column, made.how.value)
                if why is not None:
                    kind = made.column.kind.name if made.column.kind else "unknown"
                    message = f"constant({made.how.value!r}) does not fit a column of type {kind}: {why}"
                    yield self.find(
                        case, message, "declare a value that it can hold", column=made.column.name
                    )
