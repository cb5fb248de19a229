"""The rule `unknown-old-column`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.check.suggestion import instead
from changeover.dialects import TableName
from changeover.mapping.references import references


class UnknownOldColumn(MappingRule):
    """A column that the mapping reads is not in its old table.

    Looked for in columns, `key=`, `where=`, joins and subqueries. One finding names all the places that use the column.

    ```python
    "price": product.prise    # error: tb_product has no column prise; did you mean price?
    "price": product.price    # ok
    ```
    """

    name: ClassVar[str] = "unknown-old-column"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        missing: dict[tuple[TableName, str], dict[str, None]] = {}
        for reference in references(case.mapping):
            shape = case.named(reference.table)
            if shape is not None and reference.column is not None and shape.column(reference.column) is None:
                missing.setdefault((reference.table, reference.column), {})[reference.use.what] = None
        for (table, column), users in missing.items():
            shape = case.named(table)
            there = [c.name for c in shape.columns] if shape else []
            message = f"the old table has no such column (used by {', '.join(users)})"
            yield self.find(case, message, instead(column, there), table=case.old_table(table), column=column)
