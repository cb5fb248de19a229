"""The rule `lookup-key`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.binding.mismatch import Mismatch
from changeover.binding.parents import old_key_given
from changeover.check.finding import Finding, Severity
from changeover.check.lookups import lookups, parent_case
from changeover.check.rule import Rule
from changeover.check.site import Site


class LookupKey(Rule):
    """A lookup's values can't be the key of the parent's old row.

    Without `by=`, a lookup names one old column for each column of the key of the parent's root, in its
    order. Parents whose ids are `Computed` are found by a natural key only.

    Instead: name all columns of the key, or use `by=`.
    """

    name: ClassVar[str] = "lookup-key"
    severity: ClassVar[Severity] = "error"

    def check(self, site: Site) -> Iterator[Finding]:
        for case in site.cases:
            for led in lookups(case):
                parent = parent_case(site, case, led)
                if parent is None or parent.key is None:
                    continue
                try:
                    old_key_given(case.place(led.name), led.how, parent.mapping, parent.key)
                except Mismatch as error:
                    yield self.of(case, error)
