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
    """The spans of one range. Parameters: ``two_ends`` asks for spans that can be cut where keys allow for that."""

    def __init__(self, project: Project, move: Move, found: KeyRange, *, two_ends: bool = False) -> None:
        self.project, self.move, self.found = project, move, found
        self.two_ends = two_ends and move.key.is_number
        self.dense = self.is_dense(found.lower)

    def next(self, lower: KeyValues | None, upto: KeyValues, rows: int) -> Span:
        """One of about ``rows`` rows at most. Its end is fixed before anything is read, whatever changes meanwhile."""
        if lower is not None and self.dense:
            end = int(lower[0]) + rows
            return Span(lower, (str(end),) if end < int(upto[0]) else upto)
        upper = self.below(upto) if lower is None and self.two_ends else None
        upper = upper or self.end(lower, upto, rows)
        return Span(lower, leftover.bounded(self.project, self.move, lower, upper or upto, rows))

    def below(self, upto: KeyValues) -> KeyValues | None:
        """Where the first range's first span ends: before the first root. The others then have two ends, and can be cut; in this
        one is no row, unless it is left over. None where that can't be said: nothing is below a type's smallest number."""
        first = self.end(None, upto, 1)
        if first is None or int(first[0]) <= 0:
            return None
        end = (str(int(first[0]) - 1),)
        self.dense = self.is_dense(end)
        return end

    def is_dense(self, lower: KeyValues | None) -> bool:
        """Whether so many keys as rows end a span, from here on."""
        if lower is None or not self.move.key.is_number:
            return False
        return int(self.found.upper[0]) - int(lower[0]) <= DENSE * self.found.rows_planned

    def end(self, lower: KeyValues | None, upto: KeyValues, rows: int) -> KeyValues | None:
        """The key of the ``rows``-th root after ``lower``; None if there are fewer up to ``upto``."""
        schema, root = self.project.old[self.move.database], self.move.mapping.root
        with schema.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as source:
            return page_end(source, schema.dialect, root, self.move.key, lower, upto, rows)
