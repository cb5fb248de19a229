"""What a rule is: a name, a severity, a page of documentation (its docstring), and `check`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from sqlalchemy.exc import DBAPIError

from changeover.binding.mismatch import Mismatch
from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.probe import reason, told
from changeover.check.site import Site
from changeover.errors import DatabaseRefused


class Rule(ABC):
    """Looks at everything. A rule stays silent about what another rule reports: a table that isn't there, say.

    The docstring of a rule is its page in the reference: what is wrong, why it matters, what to do.
    """

    name: ClassVar[str]
    severity: ClassVar[Severity]
    scans: ClassVar[bool] = False
    """Reads as many index entries, or rows, as an old table has."""

    @abstractmethod
    def check(self, site: Site) -> Iterator[Finding]:
        """What this rule finds wrong."""

    def find(
        self,
        case: Case | None,
        message: str,
        remedy: str,
        *,
        table: str | None = None,
        column: str | None = None,
    ) -> Finding:
        """A finding of this rule, about the mapping's target where ``table`` is left out."""
        mapping = case.mapping if case else None
        at = table or (mapping.target if mapping else None)
        return Finding(
            self.name, self.severity, mapping.name if mapping else None, at, column, message, remedy
        )

    def failed(self, case: Case | None, error: Exception) -> Finding:
        """The rule itself broke off: an error, whatever the rule's severity, since nothing is known of what it looks for."""
        message = f"this could not be checked: {told(error)}"
        remedy = "see what is unusual in the declaration, and write it another way"
        return replace(self.find(case, message, remedy), severity="error")

    def of(self, case: Case, error: Mismatch) -> Finding:
        """What a piece of `changeover.binding` refused, as a finding of this rule."""
        at = error.place
        return self.find(case, error.what, error.remedy, table=at.table, column=at.column)


class MappingRule(Rule):
    """Looks at one mapping at a time."""

    def check(self, site: Site) -> Iterator[Finding]:
        for case in site.cases:
            yield from self.examine(case)

    def examine(self, case: Case) -> list[Finding]:
        """What this rule finds wrong with a mapping, and that it could not tell, for whatever reason.

        What a database does not let us ask is told once a mapping, not again by every rule that asks.
        """
        try:
            return list(self.check_mapping(case))
        except DatabaseRefused:
            return []  # a table that can't be looked at, which `unknown-old-table` or `unknown-target-table` reports
        except DBAPIError as error:
            why = reason((*case.old_schemas.values(), case.new_schema), error)
            if why in case.unanswered:
                return []
            case.unanswered.add(why)
            return [self.find(case, f"this could not be checked: {why}", "see that the tables can be read")]
        except Exception as error:  # noqa: BLE001 - the others must still be heard, and this mapping named
            return [self.failed(case, error)]

    @abstractmethod
    def check_mapping(self, case: Case) -> Iterator[Finding]:
        """What this rule finds wrong with a mapping."""
