"""The rule `lookup-other-parent`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.lookups import Led, lookups
from changeover.check.rule import MappingRule
from changeover.dialects import TableName
from changeover.schema import ForeignKey


class LookupOtherParent(MappingRule):
    """A lookup leads to another table, or column, than the foreign key of its column.

    Instead: look up the table that the foreign key refers to, and with `returns=` the column, where it isn't the key.
    """

    name: ClassVar[str] = "lookup-other-parent"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        for led in lookups(case):
            keys = [key for key in case.target.foreign_keys if led.name in key.columns] if case.target else []
            if keys and not any(_leads_there(case, led, key) for key in keys):
                column = keys[0].parent_columns[keys[0].columns.index(led.name)]
                given = led.how.returns or ", ".join(led.parent.primary_key)
                message = (
                    f"the foreign key refers to {keys[0].parent}.{column}, and the lookup gives "
                    f"{led.how.parent}.{given}"
                )
                remedy = f'write lookup("{keys[0].parent}", …)'
                if (column,) != led.parent.primary_key:
                    remedy += f' with returns="{column}", where that is not its key'
                yield self.find(case, message, remedy, column=led.name)


def _leads_there(case: Case, led: Led, key: ForeignKey) -> bool:
    schema = case.target.table.schema if case.target else None
    parent = led.parent.table
    named = (key.parent, TableName(key.parent.name, key.parent.schema or schema))
    same = any(case.new_schema.same(parent, name) for name in named)
    column = key.parent_columns[key.columns.index(led.name)]
    given = led.how.returns or (led.parent.primary_key[0] if len(led.parent.primary_key) == 1 else None)
    return same and given in (None, column)
