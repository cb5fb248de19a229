"""The rule `exclusive-but-shared`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule


class ExclusiveButShared(MappingRule):
    """A mapping says that it alone writes the target, and another mapping feeds it too.

    With `exclusive=True` rows without a root of this mapping may be deleted: those of the other mapping are such rows.

    Instead: leave `exclusive` out.
    """

    name: ClassVar[str] = "exclusive-but-shared"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        others = [m.name for m in case.registry.of_target(case.mapping.target) if m is not case.mapping]
        if case.mapping.exclusive and others:
            message = f"exclusive=True says that no one else writes the target, and {', '.join(others)} does"
            yield self.find(
                case, message, "leave exclusive=True out: rows of the other mapping would be deleted"
            )
