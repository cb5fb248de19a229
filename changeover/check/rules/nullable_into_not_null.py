"""The rule `nullable-into-not-null`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import sqlalchemy as sa

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.mapping import Expression, Lookup, Narrow, ValueMap
from changeover.mapping.columns import Column


class NullableIntoNotNull(MappingRule):
    """A column that can be NULL goes into one that can't.

    Rows with NULL will be rejected. Columns of a `left_join()` are NULL where nothing was joined.

    Instead: say what NULL becomes: `func.coalesce(member.nick, "")`, `value_map(…, null="none")`; or let the
    target be NULL.
    """

    name: ClassVar[str] = "nullable-into-not-null"
    severity: ClassVar[Severity] = "warning"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        for made in case.made():
            if made.column.nullable:
                continue
            for value in _values(made.how):
                if case.may_be_null(value):
                    remedy = "say what NULL becomes: " + (
                        "value_map(…, null=…)" if isinstance(made.how, ValueMap) else "func.coalesce(…)"
                    )
                    yield self.find(
                        case,
                        "the old column can be NULL and this one can't: rows with NULL will be rejected",
                        f"{remedy}, or allow NULL here",
                        column=made.column.name,
                    )
                    break


def _values(how: Column) -> tuple[sa.ColumnElement[Any], ...]:
    if isinstance(how, (Expression, Narrow)):
        return (how.value,)
    if isinstance(how, ValueMap):
        return (how.value,) if how.null is None else ()
    return how.values if isinstance(how, Lookup) else ()
