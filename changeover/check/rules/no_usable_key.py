"""The rule `no-usable-key`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule


class NoUsableKey(MappingRule):
    """The root has neither a primary key nor a unique index without NULLs.

    Rows are read in pages from key to key, and every row is known by its key. A unique index that allows NULL does not
    serve: any number of rows may have NULL there, and no page would find them.

    Instead: give the old table a key (`ALTER TABLE … ADD UNIQUE`, with columns that are `NOT NULL`).
    """

    name: ClassVar[str] = "no-usable-key"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        if case.root is None or case.mapping.key or case.root.keys:
            return
        nullable = [f"({', '.join(unique)})" for unique in case.root.uniques]
        hint = f": its unique index over {', '.join(nullable)} allows NULL" if nullable else ""
        remedy = (
            "make its columns NOT NULL" if nullable else "add a UNIQUE index on columns that are NOT NULL"
        )
        yield self.find(
            case,
            f"there is no primary key and no unique index without NULLs to page by{hint}",
            f"give the old table a key: {remedy}",
            table=case.old_table(),
        )
