"""The rule `ids-rule`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.binding.identity import identity_columns
from changeover.binding.mismatch import Mismatch
from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule


class IdsRule(MappingRule):
    """The ids rule doesn't fit the keys of the root and the target.

    `Keep` needs as many key columns in the target as in the root. `Offset` needs one integer key column on both sides,
    `Assigned` one in the target. `Computed` needs every key column of the target in the mapping.

    Instead: choose the rule that fits; `Computed` with `lookup()` makes any key, `Assigned` gives a new one.
    """

    name: ClassVar[str] = "ids-rule"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        if case.key is None or case.target is None or not case.target.primary_key:
            return
        try:
            identity_columns(case.mapping, case.key, case.target)
        except Mismatch as error:
            yield self.of(case, error)
