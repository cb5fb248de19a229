"""The rule `null-in-key`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import sqlalchemy as sa

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.probe import answer
from changeover.check.rule import MappingRule


class NullInKey(MappingRule):
    """Some rows of an SQLite table have NULL in their primary key.

    SQLite allows that unless the column is `INTEGER PRIMARY KEY` or says `NOT NULL`. No page would find such rows.

    Instead: give these rows keys, or name another unique set of columns with `key=`.
    """

    name: ClassVar[str] = "null-in-key"
    severity: ClassVar[Severity] = "error"
    scans: ClassVar[bool] = True

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        if case.key is None or case.schema is None or case.schema.dialect.family != "sqlite":
            return
        root = case.mapping.root
        for column in case.key.columns:
            statement = (
                sa.select(sa.literal(1)).select_from(root.from_).where(root[column.name].is_(None)).limit(1)
            )
            if answer(case.schema, statement) is not None:
                yield self.find(
                    case,
                    "some rows have NULL in this column of their key, and no page would find them",
                    "give these rows keys, or name another unique set of columns with key=",
                    table=case.old_table(),
                    column=column.name,
                )
