"""The rule `type-refused`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.types.base import Fit


class TypeRefused(MappingRule):
    """The old column's values have no obvious meaning in the target column's type.

    Storing them would change them without notice, or guess.

    Instead: say what is meant, with an expression (`cast(…)`), a value map or `python()`. The message says
    which is usual.
    """

    name: ClassVar[str] = "type-refused"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        for fitting in case.fittings():
            if fitting.verdict.fit is Fit.REFUSED:
                message = (
                    f"{fitting.source.name} into "
                    f"{fitting.column.kind.name if fitting.column.kind else '?'}: {fitting.verdict.why}"
                )
                yield self.find(case, message, fitting.verdict.remedy, column=fitting.column.name)
