"""The rule `lookup-result`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.binding.mismatch import Mismatch
from changeover.binding.parents import returned
from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.lookups import Led, lookups, parent_case
from changeover.check.rule import Rule
from changeover.check.site import Site
from changeover.check.suggestion import instead
from changeover.mapping import Assigned
from changeover.types.base import Fit


class LookupResult(Rule):
    """What a lookup gives doesn't fit its column.

    A lookup gives the parent's primary key, or the column that `returns=` names. It must exist, and go into
    the target's column without loss. Where the parent's ids are assigned, the id map gives the key and
    nothing else.

    Instead: name the parent's column with `returns=`, look up with `by=`, or give the target's column the
    parent's type.
    """

    name: ClassVar[str] = "lookup-result"
    severity: ClassVar[Severity] = "error"

    def check(self, site: Site) -> Iterator[Finding]:
        for case in site.cases:
            for led in lookups(case):
                yield from self._lookup(case, led, parent_case(site, case, led))

    def _lookup(self, case: Case, led: Led, parent: Case | None) -> Iterator[Finding]:
        try:
            name = returned(case.place(led.name), led.parent, led.how)
        except Mismatch as error:
            yield self.of(case, error)
            return
        column = led.parent.column(name)
        if column is None:
            remedy = instead(name, [c.name for c in led.parent.columns])
            yield self.find(
                case,
                f"returns= names {name}, which {led.parent.table} does not have",
                remedy,
                column=led.name,
            )
        elif (
            parent is not None
            and isinstance(parent.mapping.ids, Assigned)
            and (name,) != led.parent.primary_key
        ):
            message = f"the id map leads to the key of {led.parent.table}, and returns= asks for {name}"
            yield self.find(
                case, message, "leave returns= out, or look up with by=<natural key>", column=led.name
            )
        elif led.column is not None and led.column.kind is not None and column.kind is not None:
            verdict = led.column.kind.accepts(column.kind)
            if verdict.fit in (Fit.NARROWS, Fit.REFUSED):
                message = (
                    f"{led.parent.table}.{name} ({column.kind.name}) does not fit {led.column.kind.name}: "
                    f"{verdict.why}"
                )
                yield self.find(
                    case, message, "give the target's column the type of the parent's", column=led.name
                )
