"""The rule `mapping-refused`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.errors import MappingError
from changeover.mapping import Lookup


class MappingRefused(MappingRule):
    """The mapping can't be bound to the schemas, for a reason that has no rule of its own.

    Reported only for a mapping without any other error, so that nothing that would stop a run goes unseen.
    """

    name: ClassVar[str] = "mapping-refused"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        if isinstance(case.bound, MappingError):
            yield self.find(case, str(case.bound), "see the reference of mappings")

    def depends_on(self, case: Case) -> set[str]:
        """The mappings whose errors this one would repeat: itself, and those of its parents."""
        parents = {how.parent for how in case.mapping.made.values() if isinstance(how, Lookup)}
        return {case.mapping.name, *(m.name for target in parents for m in case.registry.of_target(target))}
