"""The rule `ids-mixed`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.mapping import Assigned, Keep, Offset


class IdsMixed(MappingRule):
    """One mapping keeps ids, and another of the same target has them assigned.

    A kept id is fixed from the start, an assigned one is the counter's next: whoever comes first may take the id of the
    other. And in the key space that `Keep` reserves, a row without a root is taken for the leftover of a deleted one.

    Instead: let the new database give the ids of all mappings of the target (`Assigned`), or none.
    """

    name: ClassVar[str] = "ids-mixed"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        if not isinstance(case.mapping.ids, Assigned):
            return
        for other in case.registry.of_target(case.mapping.target):
            if isinstance(other.ids, (Keep, Offset)):
                yield self.find(
                    case,
                    f"its ids are assigned, while mapping {other.name} of the same target has "
                    f"ids={type(other.ids).__name__}()",
                    "use ids=Assigned() for all mappings of the target, or for none",
                )
                return
