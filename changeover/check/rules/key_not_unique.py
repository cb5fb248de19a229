"""The rule `key-not-unique`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.schema import TableShape


class KeyNotUnique(MappingRule):
    """The columns of `key=` are not unique, or may be NULL.

    Two rows with one key could not be told apart, and a row with NULL in its key would be on no page: both could be
    missed. `key=` must hold all columns of the primary key or of a unique index, and none that allows NULL.

    ```python
    Mapping(…, key=("created_at",))         # error
    Mapping(…, key=("created_at", "id"))    # ok, with the primary key (id)
    ```
    """

    name: ClassVar[str] = "key-not-unique"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        names, root = case.mapping.key, case.root
        if root is None or not names or any(root.column(name) is None for name in names):
            return
        usable = "; ".join(f"({', '.join(key)})" for key in root.keys) or "none yet"
        for name in names:
            if _nullable(root, name):
                remedy = f"leave it out, or make it NOT NULL; unique without NULLs are: {usable}"
                yield self.find(
                    case,
                    "a column of key= may be NULL: such rows would be on no page",
                    remedy,
                    table=case.old_table(),
                    column=name,
                )
        if not any(set(key) <= set(names) for key in (root.primary_key, *root.uniques) if key):
            message = f"key=({', '.join(names)}) holds no unique index whole, so rows could be missed"
            yield self.find(
                case,
                message,
                f"add the columns of one, or a unique index; unique are: {usable}",
                table=case.old_table(),
            )


def _nullable(root: TableShape, name: str) -> bool:
    column = root.column(name)
    return column is not None and column.nullable
