"""The rule `lookup-type`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.lookups import Led, lookups, parent_case
from changeover.check.rule import Rule
from changeover.check.site import Site
from changeover.types.base import Fit, Kind


class LookupType(Rule):
    """A lookup compares values of types that have nothing in common.

    The old column is compared with the key of the parent's old row, or with the columns of `by=`. Where one
    can't become the other, no row would ever find its parent.

    Instead: name the column that holds the parent's key, or convert it (`cast(…)`).
    """

    name: ClassVar[str] = "lookup-type"
    severity: ClassVar[Severity] = "error"

    def check(self, site: Site) -> Iterator[Finding]:
        for case in site.cases:
            for led in lookups(case):
                for what, value, kind in _compared(led, parent_case(site, case, led)):
                    source = case.kind(led.how.values[value])
                    if source is not None and kind is not None and kind.accepts(source).fit is Fit.REFUSED:
                        message = f"the lookup compares {source.name} with {what} ({kind.name})"
                        remedy = "name the old column that holds the parent's key, or convert it with cast(…)"
                        yield self.find(case, message, remedy, column=led.name)


def _compared(led: Led, parent: Case | None) -> list[tuple[str, int, Kind | None]]:
    """What each of the lookup's values is compared with: in words, its place, and its kind."""
    if led.how.by:
        columns = [led.parent.column(name) for name in led.how.by]
        return [
            (f"{led.parent.table}.{c.name}", place, c.kind)
            for place, c in enumerate(columns)
            if c is not None
        ]
    if parent is None or parent.key is None or len(parent.key.columns) != len(led.how.values):
        return []
    return [(f"{parent.old_table()}.{c.name}", place, c.kind) for place, c in enumerate(parent.key.columns)]
