"""The rule `unknown-target-table`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.check.suggestion import instead
from changeover.dialects import TableName


class UnknownTargetTable(MappingRule):
    """The mapping's target is not in the new database.

    Instead: correct the name (`schema.table` where it is not in the connection's default schema), or run the migrations
    that create it.
    """

    name: ClassVar[str] = "unknown-target-table"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        if case.target is not None:
            return
        table = TableName.parse(case.mapping.target)
        if table in case.unreadable:
            message = f"the new database does not let us look: {case.unreadable[table]}"
            yield self.find(case, message, "let the user of the connection read and write it")
            return
        there = [name for name in case.new_schema.names(table.schema) if not name.startswith("changeover_")]
        remedy = f"run the migrations that create it, or correct the name: {instead(table.name, there)}"
        message = f"the new database has no such table, or its user may not see it{table.reading}"
        yield self.find(case, message, remedy)
