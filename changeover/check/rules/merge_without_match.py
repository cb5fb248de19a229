"""The rule `merge-without-match`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.mapping import Assigned


class MergeWithoutMatch(MappingRule):
    """Several mappings feed a target with a unique index, and nothing says that their rows can be the same.

    A root whose unique value another database has too becomes a reject: the second `kim@example.com` can't be inserted.
    If both are one person, `match` merges them.

    Instead: `Assigned(match=("email",))` in all mappings of the target, or nothing, if such rows shall be rejected.
    """

    name: ClassVar[str] = "merge-without-match"
    severity: ClassVar[Severity] = "warning"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        mappings = case.registry.of_target(case.mapping.target)
        first = mappings[0]
        if (
            case.target is None
            or first is case.mapping
            or _matches(case.mapping.ids)
            or any(_matches(m.ids) for m in mappings)
        ):
            return
        for unique in case.target.uniques:
            if all(name in case.mapping.made and name in first.made for name in unique):
                yield self.find(
                    case,
                    f"({', '.join(unique)}) is unique, and mapping {first.name} makes it too: roots "
                    f"of both with the same value "
                    "become rejects",
                    f"if they are the same, use ids=Assigned(match={unique!r}) in both",
                    column=unique[0] if len(unique) == 1 else None,
                )


def _matches(ids: object) -> bool:
    return isinstance(ids, Assigned) and bool(ids.match)
