"""Mending what drifted: exactly the roots that were found, through the one write path.

A target row whose root is gone, where ids are kept or shifted, may as well have been written by the new application. It is deleted
only where the mapping says that nobody else writes the table; a row that the id map leads to is the root's own, and goes with it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar

from changeover.binding import Bound, Move
from changeover.drift.pending import Outbox
from changeover.drift.rows import look
from changeover.errors import Interrupted
from changeover.ledger import drift as ledger
from changeover.ledger import verified as ledger_verified
from changeover.ledger.drift import Finding
from changeover.project import Project
from changeover.transfer.apply import apply
from changeover.transfer.chunk import Keys
from changeover.transfer.chunk_size import ChunkSize
from changeover.transfer.id_pool import Pool
from changeover.transfer.reapply import reapply_followers
from changeover.transfer.retry import Stop, retried

T = TypeVar("T")

PAGE = 200
"""Roots in one transaction, and findings read at a time."""

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
        for page in _pages(project, bound, range_nos):
            if halt.is_set():
                raise Interrupted(f"{root}: stopped; run the same again to go on from there")
            yield from work.page(bound, page)


@dataclass
class _Resync:
    project: Project
    move: Move
    outbox: Outbox
    pool: Pool
    stop: threading.Event
    dry_run: bool

    def page(self, bound: Bound, page: Sequence[Finding]) -> list[Resynced]:
        """Look at the findings again, mend what still differs, look once more, and close those that are right."""
        actions = self.actions(bound, [one.key for one in page])
        todo = [one.key for one in page if actions[one.key][0] in ("insert", "update", "delete")]
        left = set(todo)
        if todo and not self.dry_run:
            self.apply(todo)
            left = {key for key, (action, _, _) in self.actions(bound, todo).items() if action != "nothing"}
        right = [one.key for one in page if actions[one.key][0] == "nothing"]
        mended = [key for key in todo if key not in left]
        if not self.dry_run:
            self.close(bound, mended, right)
        return [
            Resynced(
                self.move.root,
                bound.mapping.name,
                bound.mapping.target,
                one.range_no,
                one.key,
                actions[one.key][1] or one.kind,
                actions[one.key][2] or one.columns,
                actions[one.key][0],
                one.key in mended or one.key in right,
            )
            for one in page
        ]

    def actions(self, bound: Bound, keys: Sequence[str]) -> dict[str, tuple[Action, str, tuple[str, ...]]]:
        """By root key, what is to be done now, and of what kind and in which columns it differs."""
        found = self.retried(partial(look, self.project, self.move, bound, self.outbox, Keys(tuple(keys))))
        actions: dict[str, tuple[Action, str, tuple[str, ...]]] = dict.fromkeys(keys, ("nothing", "", ()))
        for row in found.drifted:
            action = _ACTIONS[row.kind]
            if action == "delete" and bound.identity == "direct" and not bound.mapping.exclusive:
                action = "leave"
            actions[row.key] = (action, row.kind, row.columns)
        actions.update((key, ("wait", "", ())) for key in found.hot)
        return actions

    def apply(self, keys: Sequence[str]) -> None:
        """The write."""
        applied = self.retried(partial(apply, self.project, self.move, Keys(tuple(keys)), self.pool))
        if applied.followers:
            reapply_followers(self.project, applied.followers, self.pool)

    def close(self, bound: Bound, mended: Sequence[str], right: Sequence[str]) -> None:
        """Note which findings are over."""

        def note() -> None:
            with self.project.new.engine.begin() as connection:
                ledger.close(connection, bound.id, mended, "mended")
                ledger.close(connection, bound.id, right, "gone")
                ledger_verified.mended(connection, bound.id)

        retried(note, ChunkSize(), Stop(self.stop), self.project.dialect)

    def retried(self, work: Callable[[], T]) -> T:
        old = self.project.old[self.move.database].dialect
        return retried(work, ChunkSize(), Stop(self.stop), self.project.dialect, old)


def _pages(project: Project, bound: Bound, range_nos: Sequence[int] | None) -> Iterator[list[Finding]]:
    after: tuple[int, str] | None = None
    while True:
        with project.reading() as connection:
            page = ledger.findings(connection, mapping_id=bound.id, after=after, limit=PAGE)
        if not page:
            return
        after = (bound.id, page[-1].key)
        wanted = [one for one in page if range_nos is None or one.range_no in range_nos]
        if wanted:
            yield wanted
