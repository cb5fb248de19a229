"""Looking for rows of a target that no walk over the roots' ranges can show: those that no root ever led to.

Only where the mapping says that nobody else writes the table, and only when all of its ranges are copied. It is a step of the
table's, beside its ranges, and walks over the target's own keys. Where ids are kept or shifted, keys of planned ranges are left
out: there such a row is found with the range.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import TypeVar

from changeover.binding import Bound, Move
from changeover.drift.pending import Outbox
from changeover.drift.place import Place
from changeover.drift.rows import Looked, look
from changeover.drift.tally import Tally
from changeover.keyset.key import KeyValues, dump, restore
from changeover.ledger.drift import key_of_row
from changeover.ledger.ranges import ranges_of
from changeover.project import Project
from changeover.transfer import unrooted
from changeover.transfer.chunk import Keys
from changeover.transfer.chunk_size import ChunkSize
from changeover.transfer.differing import Differing
from changeover.transfer.looking import looking
from changeover.transfer.reading import absent
from changeover.transfer.retry import Stop, retried
from changeover.transfer.statements import KEYS_AT_ONCE
from changeover.transfer.unrooted import Walk

T = TypeVar("T")

ROWS = 20_000
"""Of a page whose links the new database looks up by itself: some 50 ms, with the lock held."""
ROWS_FETCHED = 2_000
"""Of a page whose keys are fetched, to be looked up."""


def looked_for(project: Project, move: Move) -> list[Bound]:
    """The mappings in whose tables rows without a root are looked for."""
    return [bound for bound in move.bounds if not unrooted.why_not(project, bound)]


class TableLook:
    """One root's tables under verification, from ``place`` on, which is kept up to date."""

    def __init__(self, project: Project, move: Move, place: Place, stop: threading.Event) -> None:
        self.project, self.move, self.place, self.stop = project, move, place, Stop(stop)
        self.bounds = looked_for(project, move)
        self.outbox = Outbox(project, move)
        with project.reading() as connection:
            self.ranges = ranges_of(connection, move.root)
        for bound in move.bounds:
            place.tallies.setdefault(bound.mapping.name, Tally())
            place.swept.setdefault(bound.mapping.name, "")

    def run(self, until: float | None = None) -> bool:
        """Look at all of it; whether that was done by the time of ``until``, by the monotonic clock. Each time it gets some way."""
        steps = count()
        for bound in self.bounds:
            name = bound.mapping.name
            while (after := self.place.swept[name]) is not None:
                if next(steps) and until is not None and time.monotonic() >= until:
                    return False
                found, end = self.page(bound, restore(after or None))
                self.place.tallies[name].take(found)
                self.place.swept[name] = dump(end)
        return True

    def page(self, bound: Bound, after: KeyValues | None) -> tuple[Looked, KeyValues | None]:
        """What is found in the next page, and where it ends; None where nothing is left to look at."""
        step = self.beyond if bound.identity == "direct" else self.unlinked
        return self.retried(partial(step, bound, after))

    def unlinked(self, bound: Bound, after: KeyValues | None) -> tuple[Looked, KeyValues | None]:
        """The rows of the next page that no link leads to, and where it ends."""
        walk = Walk(bound)
        with looking(self.project, self.move.targets) as target:
            end = walk.end(target, after, ROWS if bound.identity == "assigned" else ROWS_FETCHED)
            found = walk.unlinked(target, after, end)
        extra = tuple(Differing(key_of_row(key), "extra", ()) for key in found)
        return Looked(0, 0, 0, extra, ()), end

    def beyond(self, bound: Bound, after: KeyValues | None) -> tuple[Looked, KeyValues | None]:
        """The rows of the next page above all ranges whose root is not there: such a key may be a root's that came since."""
        walk = Walk(bound)
        after = after or unrooted.beyond(bound, self.ranges[-1].upper)
        with self.project.reading() as target:
            end = walk.end(target, after, KEYS_AT_ONCE)
            keys = unrooted.root_keys(bound, walk.keys(target, after, end))
        with self.project.old[self.move.database].engine.connect() as source:
            gone = absent(source, bound, keys)
        if not gone:
            return Looked(0, 0, 0, (), ()), end
        return look(self.project, self.move, bound, self.outbox, Keys(tuple(gone))), end

    def retried(self, work: Callable[[], T]) -> T:
        """Do it, and again where a server asks for that."""
        old = self.project.old[self.move.database].dialect
        return retried(work, ChunkSize(), self.stop, self.project.dialect, old)
