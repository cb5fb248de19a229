"""Mending what drifted: exactly the roots that were found, through the one write path.

Of a range in which more rows differ than are listed, all rows are compared by value once more, and those that differ are mended.

A row that no root ever led to was found in a table that nobody else writes, and is deleted while its mapping still says so.

A target row whose root is gone, where ids are kept or shifted, may as well have been written by the new application. It is deleted
only where the mapping says that nobody else writes the table; a row that the id map leads to is the root's own, and goes with it.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, TypeVar

from changeover.binding import Bound, Move
from changeover.drift.pending import Outbox
from changeover.drift.place import Place
from changeover.drift.rows import Looked, halved, look
from changeover.drift.spans import Spans
from changeover.drift.tally import Tally
from changeover.drift.whole_table import TableLook
from changeover.errors import Interrupted
from changeover.ledger import drift as ledger
from changeover.ledger import verified as ledger_verified
from changeover.ledger.clock import now
from changeover.ledger.drift import Finding
from changeover.ledger.ranges import KeyRange, ranges_of, whole_table
from changeover.ledger.whole import WHOLE
from changeover.project import Project
from changeover.transfer import leftover, unrooted
from changeover.transfer.by_keys import apply_all
from changeover.transfer.chunk import Keys, Span
from changeover.transfer.chunk_size import ChunkSize, first
from changeover.transfer.id_pool import Pool
from changeover.transfer.retry import Stop, retried

T = TypeVar("T")

PAGE = 200
"""Roots in one transaction, and findings read at a time."""
ROWS_COMPARED = 2_000
"""Of a chunk of a range that is mended as a whole, at first."""

Action = Literal["insert", "update", "delete", "leave", "wait", "nothing"]
"""What is to be done about a finding now. ``leave``: a row that no root explains, and that may be another's. ``wait``: a change of
it is under way. ``nothing``: it is right by now."""
_ACTIONS: dict[str, Action] = {"missing": "insert", "different": "update", "extra": "delete"}


@dataclass(frozen=True)
class Resynced:
    """A finding: what was, or for a dry run is, to be done about it, and whether its row is right now."""

    root: str
    mapping: str
    target: str
    range_no: int
    key: str
    kind: str
    columns: tuple[str, ...]
    action: Action
    mended: bool


def resync(
    project: Project,
    root: str,
    range_nos: Sequence[int] | None = None,
    *,
    dry_run: bool = False,
    stop: threading.Event | None = None,
) -> Iterator[Resynced]:
    """Mend the open findings of a root (of some of its ranges), each as it is by now; yield what became of each.

    Raises: Interrupted after ``stop`` was set; database errors that don't pass.
    """
    halt = stop or threading.Event()
    move = project.move(root)
    work = _Resync(project, move, Outbox(project, move), Pool(), halt, dry_run)
    for bound in move.bounds:
        with project.reading() as connection:
            unlisted = ledger.findings(connection, mapping_id=bound.id, more=None)
            known = {found.no: found for found in ranges_of(connection, root)} if unlisted else {}
        whole = {one.range_no: one for one in unlisted if range_nos is None or one.range_no in range_nos}
        if WHOLE in whole and unrooted.why_not(project, bound):
            del whole[WHOLE]  # what is listed of it is told, and left
        for no, one in whole.items():
            yield from work.whole(bound, known.get(no, whole_table(root)), one)
        for page in _pages(project, bound, range_nos, set(whole)):
            work.go_on()
            yield from work.page(bound, page)


@dataclass
class _Resync:
    project: Project
    move: Move
    outbox: Outbox
    pool: Pool
    stop: threading.Event
    dry_run: bool

    def go_on(self) -> None:
        """Raises: Interrupted where somebody asked for an end."""
        if self.stop.is_set():
            raise Interrupted(f"{self.move.root}: stopped; run the same again to go on from there")

    def whole(self, bound: Bound, found: KeyRange, one: Finding) -> Iterator[Resynced]:
        """Mend all of a range that differs, listed or not, and note what is left of it."""
        left = Tally()
        for looked in self.looks(bound, found):
            left.more_hot += len(looked.hot)
            rows = [replace(one, key=r.key, kind=r.kind, columns=r.columns) for r in looked.drifted]
            for start in range(0, len(rows), PAGE):
                self.go_on()
                done = self.page(bound, rows[start : start + PAGE])
                ill = {row.key for row in done if not row.mended}
                drifted = tuple(row for row in looked.drifted if ledger.shown(row.key) in ill)
                left.take(Looked(0, 0, 0, drifted, ()))
                yield from done
        if not self.dry_run:
            self.note_left(bound, one, left)

    def looks(self, bound: Bound, found: KeyRange) -> Iterator[Looked]:
        """All of a range compared by value, or of a table's rows without a root, a chunk at a time."""
        return self.of_table(bound) if found.no == WHOLE else self.of_range(bound, found)

    def of_table(self, bound: Bound) -> Iterator[Looked]:
        place = Place(0, self.move.root, WHOLE, self.move.fingerprint, None, now())
        table = TableLook(self.project, self.move, place, self.stop)
        found, after = table.page(bound, None)
        yield found
        while after is not None:
            self.go_on()
            found, after = table.page(bound, after)
            yield found

    def of_range(self, bound: Bound, found: KeyRange) -> Iterator[Looked]:
        size = ChunkSize(first(self.move.bounds, ROWS_COMPARED))
        spans, position = Spans(self.project, self.move, found), found.lower

        def step() -> tuple[Span, Looked]:
            span = spans.next(position, found.upper, size.rows)
            return span, look(self.project, self.move, bound, self.outbox, span)

        while position != found.upper:
            self.go_on()
            began = time.monotonic()
            span, looked = self.retried(step, size)
            size.took(looked.bytes, time.monotonic() - began)
            position = span.upper
            yield looked
        after: str | None = ""
        while after is not None:
            self.go_on()
            gone, after = self.retried(partial(leftover.unmet, self.project, self.move, bound, found, after))
            yield from self.looks_at(bound, gone)

    def note_left(self, bound: Bound, one: Finding, left: Tally) -> None:
        """What still differs, or could not be compared, is found; all else of the range is mended."""
        more = left.more + Counter(different=left.more_hot)
        rows = [(row.key, str(row.kind), row.columns) for row in left.drifted.values()]

        def note() -> None:
            with self.project.new.engine.begin() as connection:
                ledger.note(connection, bound.id, one.range_no, one.verification_id, rows, more, "mended")
                ledger_verified.mended(connection, bound.id)

        retried(note, ChunkSize(), Stop(self.stop), self.project.dialect)

    def page(self, bound: Bound, page: Sequence[Finding]) -> list[Resynced]:
        """Look at the findings again, mend what still differs, look once more, and close those that are right."""
        actions = self.actions(bound, page)
        todo = [one for one in page if actions[one.key][0] in ("insert", "update", "delete")]
        left = {one.key for one in todo}
        if todo and not self.dry_run:
            self.mend(bound, todo)
            left = {key for key, (action, _, _) in self.actions(bound, todo).items() if action != "nothing"}
        right = [one.key for one in page if actions[one.key][0] == "nothing"]
        mended = [one.key for one in todo if one.key not in left]
        if not self.dry_run:
            self.close(bound, mended, right)
        return [
            Resynced(
                self.move.root,
                bound.mapping.name,
                bound.mapping.target,
                one.range_no,
                one.shown,
                actions[one.key][1] or one.kind,
                actions[one.key][2] or one.columns,
                actions[one.key][0],
                one.key in mended or one.key in right,
            )
            for one in page
        ]

    def actions(
        self, bound: Bound, page: Sequence[Finding]
    ) -> dict[str, tuple[Action, str, tuple[str, ...]]]:
        """By the findings' keys, what is to be done now, and of what kind and in which columns the row differs."""
        rows = {one.row: one.key for one in page if one.row is not None}
        actions = self.actions_of_roots(bound, [one.key for one in page if one.row is None])
        still = (
            set(self.retried(partial(unrooted.found_still, self.project, self.move, bound, list(rows))))
            if rows
            else set()
        )
        left: Action = "leave" if unrooted.why_not(self.project, bound) else "delete"
        for row, key in rows.items():
            actions[key] = (left, "extra", ()) if row in still else ("nothing", "", ())
        return actions

    def actions_of_roots(
        self, bound: Bound, keys: Sequence[str]
    ) -> dict[str, tuple[Action, str, tuple[str, ...]]]:
        """The same, of rows that are some root's."""
        if not keys:
            return {}
        actions: dict[str, tuple[Action, str, tuple[str, ...]]] = dict.fromkeys(keys, ("nothing", "", ()))
        for found in self.looks_at(bound, keys):
            for row in found.drifted:
                action = _ACTIONS[row.kind]
                if action == "delete" and bound.identity == "direct" and not bound.mapping.exclusive:
                    action = "leave"
                actions[row.key] = (action, row.kind, row.columns)
            actions.update((key, ("wait", "", ())) for key in found.hot)
        return actions

    def looks_at(self, bound: Bound, keys: Sequence[str]) -> Iterator[Looked]:
        """Some roots compared by value."""

        def some(part: Keys) -> Looked:
            work = partial(look, self.project, self.move, bound, self.outbox, part)
            return self.retried(work, ChunkSize(1))

        return halved(some, keys)

    def mend(self, bound: Bound, page: Sequence[Finding]) -> None:
        """The write."""
        rows = [one.row for one in page if one.row is not None]
        if rows:
            self.retried(partial(unrooted.remove, self.project, self.move, bound, rows))
        keys = [one.key for one in page if one.row is None]
        apply_all(self.project, self.move, keys, self.pool, self.stop)

    def close(self, bound: Bound, mended: Sequence[str], right: Sequence[str]) -> None:
        """Note which findings are over."""

        def note() -> None:
            with self.project.new.engine.begin() as connection:
                ledger.close(connection, bound.id, mended, "mended")
                ledger.close(connection, bound.id, right, "gone")
                ledger_verified.mended(connection, bound.id)

        retried(note, ChunkSize(), Stop(self.stop), self.project.dialect)

    def retried(self, work: Callable[[], T], size: ChunkSize | None = None) -> T:
        old = self.project.old[self.move.database].dialect
        return retried(work, size or ChunkSize(), Stop(self.stop), self.project.dialect, old)


def _pages(
    project: Project, bound: Bound, range_nos: Sequence[int] | None, without: set[int]
) -> Iterator[list[Finding]]:
    after: tuple[int, str] | None = None
    while True:
        with project.reading() as connection:
            page = ledger.findings(connection, mapping_id=bound.id, after=after, limit=PAGE)
        if not page:
            return
        after = (bound.id, page[-1].key)
        wanted = [
            one
            for one in page
            if one.range_no not in without and (range_nos is None or one.range_no in range_nos)
        ]
        if wanted:
            yield wanted
