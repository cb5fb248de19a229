"""The rule `value-map-misfit`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.declared import misfit
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.mapping import ValueMap


class ValueMapMisfit(MappingRule):
    """A new value of a value map doesn't fit the target column.

    It is too long, out of range, no label of the ENUM, of another type, or NULL for a column that can't be.

    Instead: correct the entry, or the column.
    """

    name: ClassVar[str] = "value-map-misfit"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        for made in case.made():
            if not isinstance(made.how, ValueMap):
                continue
            entries = [(f"the entry {old!r}: {new!r}", new) for old, new in made.how.entries.items()]
            if made.how.null is not None:
                entries.append((f"null={made.how.null!r}", made.how.null))
            for shown, value in entries:
                why = misfit(case.new_schema, made.column, value)
                if why is not None:
                    kind = made.column.kind.name if made.column.kind else "unknown"
                    message = f"{shown} of the value map does not fit a column of type {kind}: {why}"
                    yield self.find(
                        case, message, "correct the entry, or the column", column=made.column.name
                    )
