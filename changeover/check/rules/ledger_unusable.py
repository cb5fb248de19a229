"""The rule `ledger-unusable`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.finding import Finding, Severity
from changeover.check.rule import Rule
from changeover.check.site import Site


class LedgerUnusable(Rule):
    """The ledger in the new database is not one that this Changeover can work with.

    It is of an older or a newer version, an upgrade was interrupted, or a table of it was dropped.

    Instead: run `changeover upgrade`; for a ledger of a newer Changeover, install that.
    """

    name: ClassVar[str] = "ledger-unusable"
    severity: ClassVar[Severity] = "error"

    def check(self, site: Site) -> Iterator[Finding]:
        if site.ledger.state not in ("ready", "absent"):
            yield self.find(None, site.ledger.message, site.ledger.remedy)
