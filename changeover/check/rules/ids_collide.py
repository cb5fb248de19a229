"""The rule `ids-collide`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.id_space import IdSpace, id_space
from changeover.check.rule import Rule
from changeover.check.site import Site
from changeover.mapping import Keep, Offset

STEP = 10_000_000
"""A round number far above most tables' ids: what a remedy proposes as the distance of two id spaces."""


class IdsCollide(Rule):
    """Two mappings write one target, and their ids can be the same.

    `Keep` and `Offset` give every old database a part of the target's key space. Where two parts overlap, the
    row of one database would overwrite, or delete, the row of the other. The highest and lowest keys that are
    there now are compared.

    ```python
    Mapping("member", shop_member, ids=Keep(), …)
    Mapping("member", community_member, ids=Keep(), …)                     # error
    Mapping("member", community_member, ids=Offset(by=10_000_000), …)      # ok, while shop's ids stay below
    ```

    Instead: shift one with `Offset`, or let the new database give the ids of all (`Assigned`).
    """

    name: ClassVar[str] = "ids-collide"
    severity: ClassVar[Severity] = "error"

    def check(self, site: Site) -> Iterator[Finding]:
        for target in site.registry.targets:
            keeping = [
                case for case in site.of_target(target) if isinstance(case.mapping.ids, (Keep, Offset))
            ]
            for first, second in combinations(keeping, 2):
                yield from self._pair(first, second)

    def _pair(self, first: Case, second: Case) -> Iterator[Finding]:
        if first.mapping.root_name == second.mapping.root_name and first.mapping.ids == second.mapping.ids:
            message = f"mapping {first.mapping.name} makes the same rows of the same root"
            yield self.find(second, message, "make one mapping of the two")
            return
        if first.key is None or second.key is None or _are_uuids(first, second):
            return
        one, other = id_space(first), id_space(second)
        if one is None or other is None:
            message = (
                f"it keeps the keys of its root, as mapping {first.mapping.name} does: rows of both can "
                f"have the same key"
            )
            yield self.find(
                second,
                message,
                "use ids=Assigned() for both, or ids=Computed() with a column that tells them apart",
            )
        elif one.overlaps(other):
            message = (
                f"its ids ({_shown(other)}) overlap those of mapping {first.mapping.name} ({_shown(one)})"
            )
            remedy = f"use ids=Offset(by={_free(one)}), or ids=Assigned() for both"
            yield self.find(second, message, remedy)


def _are_uuids(*cases: Case) -> bool:
    """Keys that are unique everywhere never collide."""
    return all(
        case.key is not None and [getattr(c.kind, "sort", "") for c in case.key.columns] == ["uuid"]
        for case in cases
    )


def _shown(space: IdSpace) -> str:
    if space.lowest is None or space.highest is None:
        return f"any from {space.shift} on" if space.shift else "any"
    return f"{space.lowest} to {space.highest}"


def _free(space: IdSpace) -> str:
    return f"{((space.highest or 0) // STEP + 1) * STEP:_}"
