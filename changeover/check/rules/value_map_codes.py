"""The rule `value-map-codes`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.mapping import ValueMap
from changeover.types.base import Kind
from changeover.types.boolean import Boolean
from changeover.types.enum import Enum


class ValueMapCodes(MappingRule):
    """A value map and the old ENUM don't have the same values.

    A label without an entry rejects its rows, and an entry for no label is probably a slip of the pen. Of
    columns without a list of labels this can't be told.

    Instead: give every label of the old ENUM an entry.
    """

    name: ClassVar[str] = "value-map-codes"
    severity: ClassVar[Severity] = "warning"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        for made in case.made():
            if not isinstance(made.how, ValueMap):
                continue
            codes = _codes(case.kind(made.how.value))
            missing = [code for code in codes if code not in made.how.entries]
            unknown = [code for code in made.how.entries if code not in codes] if codes else []
            if missing:
                listed = ", ".join(map(repr, missing))
                message = f"the value map has no entry for {listed}: rows with it will be rejected"
                yield self.find(case, message, "add an entry", column=made.column.name)
            if unknown:
                listed = ", ".join(map(repr, unknown))
                message = f"the value map has an entry for {listed}, which the old column can't hold"
                remedy = f"correct it; the old column's values are: {', '.join(map(repr, codes))}"
                yield self.find(case, message, remedy, column=made.column.name)


def _codes(kind: Kind | None) -> tuple[str, ...]:
    if isinstance(kind, Enum):
        return kind.members
    return ("0", "1") if isinstance(kind, Boolean) else ()
