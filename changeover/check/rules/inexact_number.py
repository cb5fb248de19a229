"""The rule `inexact-number`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case, has_no_size
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.mapping import Narrow
from changeover.types.base import Fit, Kind

SORTS = {"integer", "decimal", "float"}


def is_inexact(source: Kind, target: Kind, fit: Fit) -> bool:
    """A number goes into a type that counts digits in another way, and fits or not value by value."""
    sorts = {getattr(source, "sort", ""), getattr(target, "sort", "")}
    return fit is Fit.CHECKED and len(sorts) == 2 and sorts <= SORTS and "float" in sorts


class InexactNumber(MappingRule):
    """Floating-point numbers become decimal ones, or the other way round, and not every value has an equal there.

    A FLOAT of 0.1 is 0.10000000149011612, and a DOUBLE that was summed up may be 19.900000000000002: in a `NUMERIC(10, 2)` neither
    is the same number. Nothing is ever rounded, so such rows are rejected, one by one.

    ```python
    "price": product.price                                     # warning: FLOAT into NUMERIC(10, 2)
    "price": sa.cast(product.price, sa.Numeric(10, 2))         # ok: the old database rounds
    "price": narrow(product.price)                             # ok: rows that don't fit are rejected, and listed
    ```

    Instead: round in the mapping, give the new column the old one's type, or consent with `narrow()`.
    """

    name: ClassVar[str] = "inexact-number"
    severity: ClassVar[Severity] = "warning"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        for fitting in case.fittings():
            if case.schema and has_no_size(fitting.source, case.schema.dialect.family):
                continue
            kind = fitting.column.kind
            if kind is None or isinstance(fitting.how, Narrow):
                continue
            if is_inexact(fitting.source, kind, fitting.verdict.fit):
                yield self.find(
                    case,
                    f"rows whose number does not fit become rejects, one by one: {fitting.verdict.why}",
                    "round it in the mapping with cast(…), or consent with narrow(…)",
                    column=fitting.column.name,
                )
