"""The rule `ledger-absent`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.finding import Finding, Severity
from changeover.check.rule import Rule
from changeover.check.site import Site


class LedgerAbsent(Rule):
    """The new database has no ledger yet.

    Mappings can be checked without Changeover's control tables; nothing can be planned or copied.

    Instead: run `changeover upgrade`.
    """

    name: ClassVar[str] = "ledger-absent"
    severity: ClassVar[Severity] = "warning"

    def check(self, site: Site) -> Iterator[Finding]:
        if site.ledger.state == "absent":
            yield self.find(None, site.ledger.message, site.ledger.remedy)
