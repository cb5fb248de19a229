"""The rule `default-column-unmapped`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.check.unmapped import by_another, unmapped


class DefaultColumnUnmapped(MappingRule):
    """A column of the target has a default, and the mapping says nothing about it.

    Every row gets the default, which may hide a forgotten column.

    Instead: map it, or write `target_default()` to say that the default is meant.
    """

    name: ClassVar[str] = "default-column-unmapped"
    severity: ClassVar[Severity] = "warning"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        for column in unmapped(case):
            if (column.has_default or column.counted) and not by_another(case, column.name):
                yield self.find(
                    case,
                    "the mapping says nothing about the column, so every row gets its default",
                    "map it, or write target_default() to say that the default is meant",
                    column=column.name,
                )
