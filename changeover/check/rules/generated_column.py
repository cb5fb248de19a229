"""The rule `generated-column`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.mapping import TargetDefault


class GeneratedColumn(MappingRule):
    """The mapping makes a column that the new database generates.

    A generated column can't be written: its value follows from the columns it is defined by.

    Instead: leave it out.
    """

    name: ClassVar[str] = "generated-column"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        for column in case.target.columns if case.target else ():
            how = case.columns.get(column.name)
            if column.computed and how is not None and not isinstance(how, TargetDefault):
                yield self.find(
                    case,
                    "the new database generates this column, so it can't be written",
                    "leave it out",
                    column=column.name,
                )
