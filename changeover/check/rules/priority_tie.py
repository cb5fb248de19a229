"""The rule `priority-tie`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.mapping import Assigned, Mapping


class PriorityTie(MappingRule):
    """Two mappings that share rows make the same column with the same priority.

    Each would overwrite what the other wrote, for ever. The mapping with the lower `priority` has the say in every
    column that both make.

    Instead: give them different priorities: `Assigned(match=…, priority=1)`.
    """

    name: ClassVar[str] = "priority-tie"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        mine = case.mapping.ids
        if not isinstance(mine, Assigned) or not mine.match:
            return
        for other in case.registry.of_target(case.mapping.target):
            if other is case.mapping:
                return  # each pair is reported once, at the later mapping
            theirs = other.ids
            if isinstance(theirs, Assigned) and theirs.match and theirs.priority == mine.priority:
                both = _both(case.mapping, other, mine.match)
                if both:
                    yield self.find(
                        case,
                        f"mapping {other.name} has the same priority ({mine.priority}), and both make "
                        f"{', '.join(both)}",
                        f"say which has the say: Assigned(match={mine.match!r}, "
                        f"priority={mine.priority + 1}) in one of them",
                    )


def _both(one: Mapping, other: Mapping, match: tuple[str, ...]) -> list[str]:
    return [name for name in one.made if name in other.made and name not in match]
