"""The rule `condition-not-boolean`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import sqlalchemy as sa

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.mapping.references import uses
from changeover.types.boolean import Boolean


class ConditionNotBoolean(MappingRule):
    """`where=` or a join's condition is a value that is neither true nor false.

    MariaDB, MySQL and SQLite take it for true where it is a number other than 0: text is read as a number then, and text
    that begins with none leaves its rows out without a word. PostgreSQL refuses it.

    ```python
    where=product.state            # error
    where=product.is_live          # ok, a BOOLEAN or TINYINT(1)
    where=product.stock != 0       # ok
    ```

    Instead: write a comparison.
    """

    name: ClassVar[str] = "condition-not-boolean"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        for use in uses(case.mapping):
            if use.column is None and use.what != "key=" and isinstance(use.value, sa.ColumnElement):
                found = _other_kind(case, use.value)
                if found is not None:
                    yield self.find(
                        case,
                        f"{use.what} is of type {found}, and no condition",
                        "write a comparison, such as column != 0",
                        table=case.old_table(),
                    )


def _other_kind(case: Case, value: sa.ColumnElement[Any]) -> str | None:
    """The type of a value that is known to be no boolean; None where it is one, and where only the database knows."""
    if case.old_column(value) is not None:
        kind = case.kind(value)
        return None if kind is None or isinstance(kind, Boolean) else kind.name
    type_ = value.type
    return None if isinstance(type_, (sa.types.NullType, sa.Boolean)) else str(type_)
