"""The rule `offset-headroom`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.id_space import id_space
from changeover.check.rule import Rule
from changeover.check.site import Site
from changeover.mapping import Keep, Offset

SHARE = 10
"""An old database is given room for a tenth of the ids it has, at least: it goes on being used while its rows move."""


class OffsetHeadroom(Rule):
    """`Offset(by=…)` leaves little room above the ids of the mapping before it.

    The old databases stay in use until cutover. When the lower id space grows into the higher, new rows collide.

    Instead: choose a larger `by`, while no row has been moved.
    """

    name: ClassVar[str] = "offset-headroom"
    severity: ClassVar[Severity] = "warning"

    def check(self, site: Site) -> Iterator[Finding]:
        for target in site.registry.targets:
            keeping = [
                case for case in site.of_target(target) if isinstance(case.mapping.ids, (Keep, Offset))
            ]
            for lower, upper in permutations(keeping, 2):
                yield from self._pair(lower, upper)

    def _pair(self, lower: Case, upper: Case) -> Iterator[Finding]:
        below, above = id_space(lower), id_space(upper)
        if (
            below is None
            or above is None
            or below.shift >= above.shift
            or below.highest is None
            or below.overlaps(above)
        ):
            return
        room, used = above.shift - below.highest, below.highest - below.shift
        if room * SHARE < used:
            yield self.find(
                upper,
                f"Offset(by={above.shift}) leaves room for {max(room, 0)} more ids above those of "
                f"mapping {lower.mapping.name}",
                "choose a larger by=, before the first row is moved",
            )
