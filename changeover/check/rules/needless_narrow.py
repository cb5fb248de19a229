"""The rule `needless-narrow`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case, has_no_size
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.check.rules.inexact_number import is_inexact
from changeover.mapping import Narrow
from changeover.types.base import Fit
from changeover.types.unknown import Unknown


class NeedlessNarrow(MappingRule):
    """`narrow()` around an expression that fits without it.

    It would consent to a loss that a later change of either schema brings.

    Instead: write the expression alone.
    """

    name: ClassVar[str] = "needless-narrow"
    severity: ClassVar[Severity] = "warning"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        for fitting in case.fittings():
            if not isinstance(fitting.how, Narrow) or isinstance(fitting.source, Unknown):
                continue
            if case.schema and has_no_size(fitting.source, case.schema.dialect.family):
                continue
            if fitting.column.kind and is_inexact(fitting.source, fitting.column.kind, fitting.verdict.fit):
                continue
            if fitting.verdict.fit in (Fit.EXACT, Fit.CHECKED):
                yield self.find(
                    case,
                    f"narrow() is not needed: the column is no smaller than what goes into it ({fitting.source.name})",
                    "write the expression without it",
                    column=fitting.column.name,
                )
