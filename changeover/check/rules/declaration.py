"""The rule `declaration`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.finding import Finding, Severity
from changeover.check.rule import Rule
from changeover.check.site import Site
from changeover.errors import ChangeoverError


class Declaration(Rule):
    """The mappings contradict themselves, before any database is asked.

    Two mappings have one name, targets look each other up in a circle, a join leads into another database. Nothing else
    is checked until this is mended.

    Instead: as the message says.
    """

    name: ClassVar[str] = "declaration"
    severity: ClassVar[Severity] = "error"

    def check(self, site: Site) -> Iterator[Finding]:  # noqa: ARG002
        """Nothing: a registry that exists passed. See `refusal`."""
        yield from ()

    def refused(self, error: ChangeoverError) -> Finding:
        """The error that loading the mappings raised."""
        return self.find(None, str(error), "mend the declaration, then check again")
