"""The rule `unknown-old-table`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.check.suggestion import instead
from changeover.dialects import TableName
from changeover.mapping.references import references


class UnknownOldTable(MappingRule):
    """The root, a joined table or a table of a subquery is not in the old database.

    Databases hide tables from users who may not read them: a table that is there may need a `GRANT SELECT`.

    Instead: correct the name, name the schema with `old(…, schema=…)`, or let Changeover's user read the table.
    """

    name: ClassVar[str] = "unknown-old-table"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        if case.schema is None:
            return
        for table, what in _named(case).items():
            if case.named(table) is not None:
                continue
            if table in case.unreadable:
                message = f"the old database does not let us look: {case.unreadable[table]}"
                remedy = "let the user of the connection read the table, all of its columns"
            else:
                message = f"old database {case.mapping.database} has no such table, or its user may not see it ({what})"
                remedy = instead(table.name, case.schema.names(table.schema))
            yield self.find(case, message, remedy, table=case.old_table(table))


def _named(case: Case) -> dict[TableName, str]:
    """Each old table that the mapping names, and what for."""
    mapping = case.mapping
    found = {TableName(mapping.root.name_, mapping.root.schema_): "the root"}
    for join in mapping.joins:
        found.setdefault(TableName(join.table.name_, join.table.schema_), "joined")
    for reference in references(mapping):
        found.setdefault(reference.table, f"used by {reference.use.what}")
    return found
