"""Verifying one range: chunk by chunk, cheapest first, until each of its rows is equal, drifted, rejected or hot."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import TypeVar

from changeover.binding import Bound, Move
from changeover.drift.fields import not_pushed_down
from changeover.drift.pending import Outbox
from changeover.drift.place import Place
from changeover.drift.rows import Looked, halved, look
from changeover.drift.spans import Spans
from changeover.drift.sums import Sum, Sums
from changeover.drift.tally import Tally
from changeover.keyset.key import KeyValues
from changeover.ledger.ranges import KeyRange
from changeover.ledger.verified import Depth
from changeover.project import Project
from changeover.transfer import leftover
from changeover.transfer.chunk import Keys, Span
from changeover.transfer.chunk_size import ChunkSize, first
from changeover.transfer.retry import Stop, retried
from changeover.transfer.statements import parts

T = TypeVar("T")

ROWS_SUMMED, MOST_SUMMED = 20_000, 100_000
"""Of a chunk that is summed up: 0.1 to 0.2 s on both servers together, as measured, with the lock held. What the program itself
does for each is a tenth of that at 40,000 rows."""
ROWS_COMPARED = 5_000
"""Of a chunk that is compared by value, at first."""
FALSE_SUMS = 3
"""Chunks in a row whose sums differed though all rows were equal: two servers that spell its values otherwise. The rest of the
range is then compared by value at once."""
LOOKS, WAIT_SECONDS = 5, 0.2
"""At rows with changes under way, the wait doubled each time: six seconds, in which live sync takes a change as a rule."""


class RangeLook:
    """One range under verification, from ``place`` on, which is kept up to date. ``on_rows`` is told how many rows, over all
    targets, a chunk had, and what it took."""

    def __init__(
        self,
        project: Project,
        move: Move,
        found: KeyRange,
        place: Place,
        depth: Depth,
        on_rows: Callable[[int, float], None],
        stop: threading.Event,
    ) -> None:
        self.project, self.move, self.found, self.depth = project, move, found, depth
        self.place = place
        self.on_rows, self.stop = on_rows, Stop(stop)
        self.sums, self.outbox = Sums(project, move), Outbox(project, move)
        summed = not all(self.by_value(bound) for bound in move.bounds)
        self.spans = Spans(project, move, found, two_ends=summed)
        self.tallies = place.tallies
        for bound in move.bounds:
            self.tallies.setdefault(bound.mapping.name, Tally())
            place.swept.setdefault(bound.mapping.name, "")
        self.size = (
            ChunkSize(first(move.bounds, ROWS_COMPARED))
            if any(self.by_value(bound) for bound in move.bounds)
            else ChunkSize(ROWS_SUMMED, MOST_SUMMED)
        )

    def run(self, until: float | None = None) -> bool:
        """Look at all of it; whether that was done by the time of ``until``, by the monotonic clock. Each time it gets some way."""
        steps = count()

        def late() -> bool:
            return bool(next(steps)) and until is not None and time.monotonic() >= until

        while self.place.position != self.found.upper:
            if late():
                return False
            self.place.position = self.chunk(self.place.position)
        for bound in self.move.bounds:
            while (after := self.place.swept[bound.mapping.name]) is not None:
                if late():
                    return False
                self.place.swept[bound.mapping.name] = self.leftovers(bound, after)
        for bound in self.move.bounds:
            self.look_again(bound)
        return True

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
                self.summed(bound, sums[name])
        took = time.monotonic() - began
        rows = sum(one.rows for one in sums.values()) + sum(one.old for one in looks.values())
        if rows:  # how long none take says nothing of the next ones
            self.size.took(sum(one.bytes for one in looks.values()), took)
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
        """The next chunk."""
        return self.spans.next(lower, upto, self.size.rows)

    def summed(self, bound: Bound, found: Sum) -> None:
        """Count a chunk that was summed up, and compare the rows to blame by value."""
        tally = self.tallies[bound.mapping.name]
        tally.old += found.rows
        if not found.differing:
            tally.false_sums = 0
            return
        before = tally.found
        narrowed = [
            selection
            for piece in found.differing
            for selection in self.retried(partial(self.sums.narrowed, bound, piece))
        ]
        for selection in narrowed:
            if isinstance(selection, Keys):
                for part in parts(selection.encoded):
                    self.at_keys(bound, part)
            else:
                self.at_span(bound, selection)
        tally.false_sums = 0 if tally.found > before or not narrowed else tally.false_sums + 1

    def at_keys(self, bound: Bound, keys: Sequence[str]) -> None:
        """Compare rows by value; fewer at a time, where they are too large."""

        def some(part: Keys) -> Looked:
            work = partial(look, self.project, self.move, bound, self.outbox, part)
            return self.retried(work, ChunkSize(1))

        for found in halved(some, keys):
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
        self.tallies[bound.mapping.name].take(found)

    def cries_wolf(self, bound: Bound) -> bool:
        """Its sums say nothing."""
        if self.tallies[bound.mapping.name].false_sums < FALSE_SUMS:
            return False
        self.size.rows = min(self.size.rows, ROWS_COMPARED)
        return True

    def leftovers(self, bound: Bound, after: str) -> str | None:
        """Target rows of roots that are gone, where no walk over the old keys shows them: a page of them, and where it ends."""
        unmet, end = self.retried(partial(leftover.unmet, self.project, self.move, bound, self.found, after))
        for part in parts(unmet):
            self.at_keys(bound, part)
        return end

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
