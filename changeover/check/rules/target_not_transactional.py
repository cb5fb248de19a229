"""The rule `target-not-transactional`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.probe import answer
from changeover.check.rule import MappingRule

STATEMENT = """ SELECT t.engine FROM information_schema.tables t JOIN information_schema.engines e ON e.engine
= t.engine WHERE t.table_schema = COALESCE(:schema, DATABASE()) AND t.table_name = :name AND
COALESCE(e.transactions, 'NO') <> 'YES'
"""


class TargetNotTransactional(MappingRule):
    """The target's storage engine has no transactions.

    The rows of a chunk and its progress are committed together. With MyISAM, Aria and the like, a run that is
    killed would leave rows that the ledger knows nothing of.

    Instead: `ALTER TABLE … ENGINE = InnoDB`.
    """

    name: ClassVar[str] = "target-not-transactional"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        if case.target is None or case.new_schema.dialect.family != "mysql":
            return
        table = case.target.table
        found = answer(case.new_schema, STATEMENT, {"schema": table.schema, "name": table.name})
        if found is not None:
            alter = f"ALTER TABLE {case.new_schema.dialect.table(table)} ENGINE = InnoDB"
            yield self.find(case, f"the storage engine {found[0]} of the target has no transactions", alter)
