"""The rule `unsupported-type`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import sqlalchemy as sa

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.mapping import TargetDefault


class UnsupportedType(MappingRule):
    """A column that is read or written has a type that Changeover does not carry.

    Instead: read it through an expression that the old database can compute and the new column can hold, such as
    `cast(shape.outline, Text)`, or leave it out.
    """

    name: ClassVar[str] = "unsupported-type"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        for name, values in case.mapping.expressions().items():
            for value in values:
                column = case.old_column(value)
                if column is not None and column.kind is None and isinstance(value, sa.ColumnClause):
                    remedy = (
                        f"read it through an expression of a known type (cast(…, Text)), or leave {name} out"
                    )
                    message = f"used by target column {name}: {column.unsupported}"
                    yield self.find(case, message, remedy, table=_table(case, value), column=column.name)
        for made in case.made():
            if made.column.kind is None and not isinstance(made.how, TargetDefault):
                remedy = "leave it out, or write target_default()"
                yield self.find(case, made.column.unsupported, remedy, column=made.column.name)


def _table(case: Case, value: sa.ColumnClause[object]) -> str:
    named = [t for t in (case.mapping.root, *(j.table for j in case.mapping.joins)) if value.table is t.from_]
    return f"{case.mapping.database}.{named[0].qualified_}" if named else case.old_table()
