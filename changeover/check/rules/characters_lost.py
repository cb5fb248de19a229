"""The rule `characters-lost`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.types.base import Fit
from changeover.types.text import UNICODE, Text


class CharactersLost(MappingRule):
    """The target's character set lacks characters that the old column can hold.

    An emoji does not fit utf8mb3, and Korean does not fit latin1: such rows will be rejected.

    Instead: `ALTER TABLE … CONVERT TO CHARACTER SET utf8mb4` in the new database.
    """

    name: ClassVar[str] = "characters-lost"
    severity: ClassVar[Severity] = "warning"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        for fitting in case.fittings():
            into = fitting.column.kind
            if not isinstance(into, Text) or into.charset in UNICODE or not isinstance(fitting.source, Text):
                continue
            # The verdict on the same text, length aside, is about characters alone.
            alike = Text(charset=into.charset).accepts(Text(charset=fitting.source.charset))
            if alike.fit is Fit.CHECKED:
                yield self.find(
                    case,
                    f"the column's character set {into.charset} lacks characters that the old one can "
                    f"hold: such rows will be rejected",
                    "make the new column utf8mb4",
                    column=fitting.column.name,
                )
