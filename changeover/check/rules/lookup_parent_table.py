"""The rule `lookup-parent-table`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.check.suggestion import instead
from changeover.dialects import TableName
from changeover.mapping import Lookup


class LookupParentTable(MappingRule):
    """A lookup names a parent that is not a table of the new database.

    Lookups lead to new tables: `lookup("member", …)`, not `lookup("tb_member", …)`.

    Instead: name the target table.
    """

    name: ClassVar[str] = "lookup-parent-table"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        for name, how in case.mapping.made.items():
            if not isinstance(how, Lookup):
                continue
            table = TableName.parse(how.parent)
            if case.new_table(table) is None:
                there = [
                    other
                    for other in case.new_schema.names(table.schema)
                    if not other.startswith("changeover_")
                ]
                message = f"the lookup's parent {how.parent} is no table of the new database"
                yield self.find(
                    case, message, f"name a target table: {instead(table.name, there)}", column=name
                )
