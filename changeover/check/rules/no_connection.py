"""The rule `no-connection`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.settings import old_variable


class NoConnection(MappingRule):
    """A mapping's old database has no connection.

    `old("shop", …)` names the old database `shop`, whose URL stands in the environment variable
    `CHANGEOVER_OLD_SHOP_URL`. Nothing else about the mapping can be checked without it.

    Instead: set the variable, or correct the name in the mapping.
    """

    name: ClassVar[str] = "no-connection"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        if case.schema is None:
            database = case.mapping.database
            yield self.find(
                case,
                f"there is no connection to old database {database}",
                f"set {old_variable(database)}, or correct the name in old({database!r}, …)",
                table=case.old_table(),
            )
