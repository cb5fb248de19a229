"""The rule `target-without-primary-key`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule


class TargetWithoutPrimaryKey(MappingRule):
    """The target has no primary key.

    Without one a row that was moved can't be found again: it could be neither compared nor mended.

    Instead: give the target a primary key.
    """

    name: ClassVar[str] = "target-without-primary-key"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        if case.target is not None and not case.target.primary_key:
            message = "the target has no primary key: a row that was moved could not be found again"
            yield self.find(case, message, "give it one")
