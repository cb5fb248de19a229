"""The rule `key-type`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.schema import ColumnShape
from changeover.types.base import Family

UNFIT = {
    "float": "the text of a floating-point number does not lead back to its index entry",
    "json": "documents have no order that an index is read in",
    "array": "arrays have no order that every page keeps",
    "interval": "intervals of different texts are equal",
    "bit": "bits are ordered as a number and written as text",
    "set": "sets are ordered by numbers and written by labels",
    "unknown": "without a declared type, values of different types stand in one index",
}


class KeyType(MappingRule):
    """A column of the root's key has a type that rows can't be paged by.

    A page begins where the last one ended, so a key's text must lead back to its place in the index, exactly. Floating
    point, JSON, arrays, intervals, bits, and MySQL's ENUM and SET (ordered by number, compared by label) don't.

    Instead: name another unique set of columns with `key=`, or add one to the old table.
    """

    name: ClassVar[str] = "key-type"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        if case.root is None or case.schema is None:
            return
        names = case.mapping.key or (case.root.keys[0] if case.root.keys else ())
        others = [key for key in case.root.keys if set(key) != set(names)]
        remedy = "name another unique set of columns with key=" + (
            f": {'; '.join(map(', '.join, others))}" if others else ""
        )
        for column in (case.root.column(name) for name in names):
            why = _unfit(column, case.schema.dialect.family) if column else None
            if column is not None and why is not None:
                message = f"rows can't be paged by a key of this type: {why}"
                yield self.find(case, message, remedy, table=case.old_table(), column=column.name)


def _unfit(column: ColumnShape, family: Family) -> str | None:
    if column.kind is None:
        return column.unsupported
    sort = getattr(column.kind, "sort", "")
    if sort == "enum" and family == "mysql":
        return "an ENUM is ordered by numbers and compared by labels"
    return UNFIT.get(sort)
