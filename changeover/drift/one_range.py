"""Verifying one range: chunk by chunk, cheapest first, until each of its rows is equal, drifted, rejected or hot."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from changeover.binding import Bound, Move
from changeover.dialects import BlockTooLarge
from changeover.drift.fields import not_pushed_down
from changeover.drift.pending import Outbox
from changeover.drift.rows import Looked, look
from changeover.drift.sums import Sum, Sums
from changeover.keyset.key import KeyValues
from changeover.keyset.walk import page_end
from changeover.ledger.ranges import KeyRange
from changeover.ledger.verified import Depth
from changeover.project import Project
from changeover.transfer import leftover
from changeover.transfer.chunk import Keys, Span
from changeover.transfer.chunk_size import ChunkSize
from changeover.transfer.differing import Differing
from changeover.transfer.retry import Stop, retried
from changeover.transfer.statements import parts

T = TypeVar("T")

ROWS_SUMMED, MOST_SUMMED = 20_000, 40_000
"""Of a chunk that is summed up: a tenth of a second on both servers together, as measured, with the lock held. A larger one would
gain nothing, and has to be summed up again in parts when one of its rows differs."""
ROWS_COMPARED = 5_000
"""Of a chunk that is compared by value, at first."""
FALSE_SUMS = 3
"""Chunks in a row whose sums differed though all rows were equal: two servers that spell its values otherwise. The rest of the
range is then compared by value at once."""
LOOKS, WAIT_SECONDS = 5, 0.2
"""At rows with changes under way, the wait doubled each time: six seconds, in which live sync takes a change as a rule."""


@dataclass
class Tally:
    """What is known of a range for one mapping. ``old`` are the rows that there should be."""

    old: int = 0
    by_value: int = 0
    rejected: int = 0
    drifted: dict[str, Differing] = field(default_factory=dict[str, Differing])
    hot: set[str] = field(default_factory=set[str])
    false_sums: int = 0

    @property
    def compared(self) -> int:
        """Rows that there should be, and that were compared."""
        return max(0, self.old - self.rejected - len(self.hot))

    @property
    def found(self) -> int:
        """Rows that there is something to say about."""
        return len(self.drifted) + len(self.hot) + self.rejected


class RangeLook:
    """One range under verification. ``on_rows`` is told how many rows, over all targets, a chunk had, and what it took."""

    def __init__(
        self,
        project: Project,
        move: Move,
        found: KeyRange,
        depth: Depth,
        on_rows: Callable[[int, float], None],
        stop: threading.Event,
    ) -> None:
        self.project, self.move, self.found, self.depth = project, move, found, depth
        self.on_rows, self.stop = on_rows, Stop(stop)
        self.sums, self.outbox = Sums(project, move), Outbox(project, move)
        self.tallies = {bound.mapping.name: Tally() for bound in move.bounds}
        self.size = (
            ChunkSize(ROWS_COMPARED)
            if any(self.by_value(bound) for bound in move.bounds)
            else ChunkSize(ROWS_SUMMED, MOST_SUMMED)
        )

    def run(self) -> dict[str, Tally]:
        """Look at all of it. The tallies by mapping."""
        position = self.found.lower
        while position != self.found.upper:
            position = self.chunk(position)
        for bound in self.move.bounds:
            self.leftovers(bound)
            self.look_again(bound)
        return self.tallies

    def by_value(self, bound: Bound) -> bool:
        """Whether its rows are compared by value in any case."""
        return self.depth == "values" or bool(not_pushed_down(bound))

    def chunk(self, lower: KeyValues | None) -> KeyValues:
        """Look at the next chunk; where it ends."""
        began = time.monotonic()
        span, sums, looks = self.retried(partial(self.attempt, lower))
        for bound in self.move.bounds:
            name = bound.mapping.name
            if name in looks:
                self.tallies[name].old += looks[name].old
                self.take(bound, looks[name])
            else:
                self.summed(bound, span, sums[name])
        took = time.monotonic() - began
        self.size.took(sum(one.bytes for one in looks.values()), took)
        rows = sum(one.rows for one in sums.values()) + sum(one.old for one in looks.values())
        self.on_rows(rows, took)
        return span.upper

    def attempt(self, lower: KeyValues | None) -> tuple[Span, dict[str, Sum], dict[str, Looked]]:
        """The next chunk, its checksums, and the rows of those mappings that have none. Tried again, it may be a smaller one."""
        span = self.span(lower, self.found.upper)
        bare = [b for b in self.move.bounds if self.by_value(b) or self.cries_wolf(b)]
        named = {bound.mapping.name for bound in bare}
        summed = [bound for bound in self.move.bounds if bound.mapping.name not in named]
        sums = self.sums.sums(summed, span) if summed else {}
        return span, sums, {b.mapping.name: look(self.project, self.move, b, self.outbox, span) for b in bare}

    def span(self, lower: KeyValues | None, upto: KeyValues) -> Span:
        """The next chunk. Its end is looked up before, so that it is fixed whatever changes meanwhile."""
        schema, root = self.project.old[self.move.database], self.move.mapping.root
        with self.sums.source() as source:
            upper = page_end(source, schema.dialect, root, self.move.key, lower, upto, self.size.rows)
        return Span(lower, leftover.bounded(self.project, self.move, lower, upper or upto, self.size.rows))

    def summed(self, bound: Bound, span: Span, found: Sum) -> None:
        """Count a chunk that was summed up, and compare the rows to blame by value."""
        tally = self.tallies[bound.mapping.name]
        tally.old += found.rows
        if found.same:
            tally.false_sums = 0
            return
        before = tally.found
        narrowed = self.retried(partial(self.sums.narrowed, bound, span))
        for selection in narrowed:
            if isinstance(selection, Keys):
                for part in parts(selection.encoded):
                    self.at_keys(bound, part)
            else:
                self.at_span(bound, selection)
        tally.false_sums = 0 if tally.found > before or not narrowed else tally.false_sums + 1

    def at_keys(self, bound: Bound, keys: Sequence[str]) -> None:
        """Compare rows by value; fewer at a time, where they are too large."""
        try:
            found = self.retried(
                partial(look, self.project, self.move, bound, self.outbox, Keys(tuple(keys))), ChunkSize(1)
            )
        except BlockTooLarge:
            if len(keys) == 1:
                raise
            self.at_keys(bound, keys[: len(keys) // 2])
            self.at_keys(bound, keys[len(keys) // 2 :])
            return
        self.take(bound, found)

    def at_span(self, bound: Bound, whole: Span) -> None:
        """Compare the rows of a span by value, a chunk at a time."""
        position = whole.lower

        def step() -> tuple[Span, Looked]:
            self.size.rows = min(self.size.rows, ROWS_COMPARED)
            span = self.span(position, whole.upper)
            return span, look(self.project, self.move, bound, self.outbox, span)

        while position != whole.upper:
            span, found = self.retried(step)
            self.take(bound, found)
            position = span.upper

    def take(self, bound: Bound, found: Looked) -> None:
        """Count rows that were compared by value."""
        tally = self.tallies[bound.mapping.name]
        tally.by_value += found.old
        tally.rejected += found.rejected
        tally.drifted |= {row.key: row for row in found.drifted}
        tally.hot.update(found.hot)

    def cries_wolf(self, bound: Bound) -> bool:
        """Its sums say nothing."""
        if self.tallies[bound.mapping.name].false_sums < FALSE_SUMS:
            return False
        self.size.rows = min(self.size.rows, ROWS_COMPARED)
        return True

    def leftovers(self, bound: Bound) -> None:
        """Target rows of roots that are gone, where no walk over the old keys shows them."""
        unmet = self.retried(partial(leftover.unmet, self.project, self.move, bound, self.found))
        for part in parts(unmet):
            self.at_keys(bound, part)

    def look_again(self, bound: Bound) -> None:
        """Look at the rows with changes under way again, until none is left or they were looked at often enough."""
        tally = self.tallies[bound.mapping.name]
        for turn in range(LOOKS):
            if not tally.hot or self.stop.event.is_set():
                return
            self.stop.sleep(WAIT_SECONDS * 2**turn)
            keys, tally.hot = sorted(tally.hot), set()
            for part in parts(keys):
                self.at_keys(bound, part)

    def retried(self, work: Callable[[], T], size: ChunkSize | None = None) -> T:
        """Do it, and again where a server asks for that."""
        old = self.project.old[self.move.database].dialect
        return retried(work, size or self.size, self.stop, self.project.dialect, old)
