"""Cutting a range under verification into spans of the old keys."""

from __future__ import annotations

from changeover.binding import Move
from changeover.keyset.key import KeyValues
from changeover.keyset.walk import page_end
from changeover.ledger.ranges import KeyRange
from changeover.project import Project
from changeover.transfer import leftover
from changeover.transfer.chunk import Span

DENSE = 2
"""Keys to a row, at most, of a range whose spans end where so many keys do: to count rows costs the old server a sixth of a sum."""


class Spans:
    """The spans of one range."""

    def __init__(self, project: Project, move: Move, found: KeyRange) -> None:
        self.project, self.move = project, move
        width = int(found.upper[0]) - int(found.lower[0]) if move.key.is_number and found.lower else None
        self.dense = width is not None and width <= DENSE * found.rows_planned

    def next(self, lower: KeyValues | None, upto: KeyValues, rows: int) -> Span:
        """One of about ``rows`` rows at most. Its end is fixed before anything is read, whatever changes meanwhile."""
        if lower is not None and self.dense:
            end = int(lower[0]) + rows
            return Span(lower, (str(end),) if end < int(upto[0]) else upto)
        schema, root = self.project.old[self.move.database], self.move.mapping.root
        with schema.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as source:
            upper = page_end(source, schema.dialect, root, self.move.key, lower, upto, rows)
        return Span(lower, leftover.bounded(self.project, self.move, lower, upper or upto, rows))
