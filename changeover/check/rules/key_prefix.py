"""The rule `key-prefix`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.probe import answer
from changeover.check.rule import MappingRule

STATEMENT = """ SELECT column_name, sub_part FROM information_schema.statistics WHERE table_schema =
COALESCE(:schema, DATABASE()) AND table_name = :name AND index_name = 'PRIMARY' AND sub_part IS NOT NULL
"""


class KeyPrefix(MappingRule):
    """The root's primary key covers only the first characters of a column.

    MariaDB and MySQL can't read the rows in the order of such an index: every page would sort the whole table.

    Instead: give the old table a unique index over whole columns and name it with `key=`.
    """

    name: ClassVar[str] = "key-prefix"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        if (
            case.key is None
            or case.root is None
            or case.schema is None
            or case.schema.dialect.family != "mysql"
        ):
            return
        if tuple(c.name for c in case.key.columns) != case.root.primary_key:
            return
        found = answer(
            case.schema, STATEMENT, {"schema": case.root.table.schema, "name": case.root.table.name}
        )
        if found is not None:
            yield self.find(
                case,
                f"the primary key covers only the first {found[1]} characters of the column: rows "
                f"can't be read in its order",
                "name a unique set of whole columns with key=",
                table=case.old_table(),
                column=str(found[0]),
            )
