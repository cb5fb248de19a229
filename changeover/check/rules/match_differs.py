"""The rule `match-differs`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.mapping import Assigned


class MatchDiffers(MappingRule):
    """Mappings that merge into one target match rows by different columns.

    Whether two roots share a row must not depend on which is moved first. So all mappings with assigned ids that feed a
    target name the same columns in `match`.

    Instead: give all of them the same `Assigned(match=…)`.
    """

    name: ClassVar[str] = "match-differs"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        merging = [m for m in case.registry.of_target(case.mapping.target) if isinstance(m.ids, Assigned)]
        matching = [m for m in merging if isinstance(m.ids, Assigned) and m.ids.match]
        ids = case.mapping.ids
        if not matching or case.mapping is matching[0] or not isinstance(ids, Assigned):
            return
        first = matching[0].ids
        assert isinstance(first, Assigned)
        if ids.match != first.match:
            mine = f"match=({', '.join(ids.match)})" if ids.match else "no match="
            yield self.find(
                case,
                f"it has {mine}, while mapping {matching[0].name} of the same target has "
                f"match=({', '.join(first.match)})",
                f"give both ids=Assigned(match={first.match!r})",
            )
