"""The rule `nullable-column-unmapped`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.check.unmapped import by_another, is_required, unmapped


class NullableColumnUnmapped(MappingRule):
    """A column of the target has no default, and the mapping says nothing about it.

    Every row would get NULL there. If that is meant, it has to be said: a forgotten column loses data, and nothing
    else would show it.

    ```python
    "nickname": member.nick        # ok
    "nickname": constant(None)     # ok: always NULL, compared and kept so
    "nickname": target_default()   # ok: NULL at first, then whoever uses the new database decides
    ```
    """

    name: ClassVar[str] = "nullable-column-unmapped"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        for column in unmapped(case):
            if (
                not is_required(column)
                and not column.has_default
                and not column.counted
                and not by_another(case, column.name)
            ):
                yield self.find(
                    case,
                    "the mapping says nothing about the column, so every row would get NULL",
                    "map it, or say that this is meant: target_default() leaves it to the new "
                    "database, constant(None) keeps it NULL",
                    column=column.name,
                )
