"""The rule `lookup-not-unique`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.binding.mismatch import Mismatch
from changeover.binding.parents import natural_key
from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.lookups import lookups
from changeover.check.rule import MappingRule


class LookupNotUnique(MappingRule):
    """The columns of `by=` don't identify a row of the parent.

    A natural key must be a unique index of the parent: else a lookup could find several rows, or none the next time.

    Instead: add the unique index to the new schema, or look up by the parent's old key.
    """

    name: ClassVar[str] = "lookup-not-unique"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        for led in lookups(case):
            if not led.how.by:
                continue
            try:
                natural_key(case.place(led.name), led.parent, led.how)
            except Mismatch as error:
                yield self.of(case, error)
