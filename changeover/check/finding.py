"""What a check found wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from changeover.errors import Place

Severity = Literal["error", "warning"]
"""``error``: moving would fail, or could be wrong. ``warning``: rows may be rejected, or something is probably
not meant."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, and what to do about it.

    ``rule`` is the name of the rule in the reference; ``table`` an old table (``shop.tb_product``) or a
    target. A finding about a whole database has no mapping. ``message`` and ``remedy`` are sentences that
    hold no row values.
    """

    rule: str
    severity: Severity
    mapping: str | None
    table: str | None
    column: str | None
    message: str
    remedy: str

    @property
    def place(self) -> Place:
        """Where it is wrong."""
        return Place(self.mapping, self.table, self.column)

    def __str__(self) -> str:
        at = str(self.place)
        return f"{self.severity} [{self.rule}] {at + ': ' if at else ''}{self.message}; {self.remedy}"


def order(finding: Finding) -> tuple[str, bool, str, str, str, str]:
    """Sorts findings by mapping, errors first, then by table and column."""
    return (
        finding.mapping or "",
        finding.severity != "error",
        finding.table or "",
        finding.column or "",
        finding.rule,
        finding.message,
    )
