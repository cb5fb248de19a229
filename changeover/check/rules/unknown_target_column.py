"""The rule `unknown-target-column`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.check.suggestion import instead


class UnknownTargetColumn(MappingRule):
    """A column of the mapping is not in its target.

    Instead: correct the name, or add the column to the new schema.
    """

    name: ClassVar[str] = "unknown-target-column"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        if case.target is None:
            return
        free = [c.name for c in case.target.columns if c.name not in case.columns and not c.computed]
        for name in case.mapping.made:
            if case.target.column(name) is None:
                remedy = f"correct the name, or add the column; of those not mapped {instead(name, free)}"
                yield self.find(case, "the target has no such column", remedy, column=name)
