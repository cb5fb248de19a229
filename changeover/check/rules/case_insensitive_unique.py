"""The rule `case-insensitive-unique`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from sqlalchemy.dialects.postgresql import CITEXT

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.mapping import Expression, Narrow
from changeover.schema import ColumnShape
from changeover.types.text import Text


class CaseInsensitiveUnique(MappingRule):
    """A unique index of the target takes `A` and `a` for the same, and the old column doesn't.

    Two old rows that differ in case only (or in accents, or in spaces at the end, after the collation) can't both be
    stored: the second is rejected as a conflict.

    Instead: give the new column a binary or case-sensitive collation, or settle such rows in the old database.
    """

    name: ClassVar[str] = "case-insensitive-unique"
    severity: ClassVar[Severity] = "warning"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        if case.target is None:
            return
        unique = {name for key in (case.target.primary_key, *case.target.uniques) for name in key}
        for made in case.made():
            if made.column.name not in unique or not isinstance(made.how, (Expression, Narrow)):
                continue
            old = case.old_column(made.how.value)
            if old is not None and isinstance(old.kind, Text) and _folds(made.column) and not _folds(old):
                collation = made.column.collation or "citext"
                yield self.find(
                    case,
                    f"its unique index ({collation}) takes texts for the same that the old column "
                    f"tells apart: they become rejects",
                    "give it a binary or case-sensitive collation, or settle such rows in the old database",
                    column=made.column.name,
                )


def _folds(column: ColumnShape) -> bool:
    """Whether the column's collation takes upper and lower case for the same."""
    collation = (column.collation or "").lower()
    return isinstance(column.type, CITEXT) or "_ci" in collation or collation == "nocase"
