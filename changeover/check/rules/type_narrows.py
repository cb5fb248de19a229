"""The rule `type-narrows`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case, has_no_size
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.mapping import Narrow
from changeover.types.base import Fit


class TypeNarrows(MappingRule):
    """The target column is smaller than the old one.

    Some values may not fit. Nothing is ever cut, so such rows would be rejected; that has to be said in the mapping.

    ```python
    "title": post.subject            # error: text(200) into text(100)
    "title": narrow(post.subject)    # ok: rows that don't fit are rejected, and listed
    ```

    SQLite's integers and its TEXT have no declared size, and are let into any: rows that don't fit are rejected as ever.

    Instead: make the new column larger, or consent with `narrow()`.
    """

    name: ClassVar[str] = "type-narrows"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        for fitting in case.fittings():
            if case.schema and has_no_size(fitting.source, case.schema.dialect.family):
                continue
            if fitting.verdict.fit is Fit.NARROWS and not isinstance(fitting.how, Narrow):
                remedy = fitting.verdict.remedy
                if fitting.column.name not in case.mapping.made:
                    remedy += f'; for a key that is kept: columns={{"{fitting.column.name}": narrow(…)}}'
                yield self.find(case, fitting.verdict.why, remedy, column=fitting.column.name)
