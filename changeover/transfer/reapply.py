"""Applying rejected roots again, by their keys: whoever waited for a parent, or was mended since."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from changeover.binding import Bound, Move
from changeover.errors import ConfigurationError
from changeover.ledger import rejects as ledger
from changeover.project import Project
from changeover.transfer.by_keys import apply_keys, fitting
from changeover.transfer.id_pool import Pool

PAGE = 500


@dataclass(frozen=True)
class ReapplyDone:
    """How many roots with rejects were tried, how many have none any more, and how many still have."""

    tried: int
    mended: int
    left: int


def reapply(
    project: Project,
    *,
    mapping: str | None = None,
    kinds: Sequence[str] | None = None,
    stop: threading.Event | None = None,
) -> ReapplyDone:
    """Apply all roots with open rejects again, parents first.

    Parameters: ``mapping`` only this mapping's, by its name or target; ``kinds`` only rejects of these kinds.
    Raises: ConfigurationError for a mapping that doesn't exist.
    """
    pool, halt = Pool(), stop or threading.Event()
    tried = left = 0
    bounds = [(move, bound) for move in project.moves.values() for bound in move.bounds]
    chosen = [
        (m, b)
        for m, b in bounds
        if mapping is None or mapping in (b.mapping.name, b.mapping.target, b.mapping.root_name)
    ]
    if not chosen:
        raise ConfigurationError(
            f"no mapping is named {mapping!r}; there are: {', '.join(b.mapping.name for _, b in bounds)}"
        )
    for move, bound in chosen:
        tried += _pages(project, move, bound, pool, kinds, halt)
        with project.reading() as connection:
            left += (
                sum(ledger.open_count(connection, bound.id, kind=kind) for kind in kinds)
                if kinds
                else ledger.open_count(connection, bound.id)
            )
    return ReapplyDone(tried, max(0, tried - left), left)


RETRIED = ("waiting", "conflict", "referenced")
"""Kinds of rejects that other rows may have mended: a parent came, the holder of a unique value gave it up, or the last row went
that referred to one whose root is gone."""


def reapply_waiting(
    project: Project, move: Move, pool: Pool, *, stop: threading.Event, range_no: int | None = None
) -> None:
    """Apply the move's waiting roots (of one range) again while that helps: with each pass, children become parents."""
    for _ in reapplying_waiting(project, move, pool, stop=stop, range_no=range_no):
        pass


def reapplying_waiting(
    project: Project, move: Move, pool: Pool, *, stop: threading.Event, range_no: int | None = None
) -> Iterator[int]:
    """`reapply_waiting`, page by page, for who has other things to do in between. Yields: how many roots were applied at once."""
    for bound in move.bounds:
        waiting = open_retried(project, bound, range_no)
        while waiting and not stop.is_set():
            yield from _paged(project, move, bound, pool, RETRIED, stop, range_no)
            now = open_retried(project, bound, range_no)
            if now >= waiting:
                break
            waiting = now


def reapply_later(project: Project, move: Move, pool: Pool, *, stop: threading.Event) -> None:
    """Apply waiting roots of other moves again whose rows were written before the parents that the move has brought."""
    targets = set(move.targets)
    for other in project.moves.values():
        later = {one.parent for bound in other.bounds for one in bound.lookups if one.later}
        if other is not move and later & targets:
            reapply_waiting(project, other, pool, stop=stop)


def reapply_referenced(project: Project, move: Move, pool: Pool, *, stop: threading.Event) -> None:
    """Apply roots of the move's parents again that are gone, and whose rows had to stay for rows that the move has deleted."""
    children, seen = [move], set[str]()
    while children and not stop.is_set():
        child = children.pop()
        parents = {str(key.parent) for bound in child.bounds for key in bound.new.foreign_keys}
        for other in project.moves.values():
            for bound in other.bounds:
                if str(bound.new.table) in parents and bound.mapping.name not in seen:
                    seen.add(bound.mapping.name)
                    if _pages(project, other, bound, pool, ("referenced",), stop):
                        children.append(other)


def _pages(
    project: Project,
    move: Move,
    bound: Bound,
    pool: Pool,
    kinds: Sequence[str] | None,
    stop: threading.Event,
) -> int:
    return sum(_paged(project, move, bound, pool, kinds, stop))


def _paged(
    project: Project,
    move: Move,
    bound: Bound,
    pool: Pool,
    kinds: Sequence[str] | None,
    stop: threading.Event,
    range_no: int | None = None,
) -> Iterator[int]:
    after, size = "", fitting(move)
    while not stop.is_set():
        with project.reading() as connection:
            page = ledger.keys(connection, bound.id, kinds, range_no=range_no, limit=PAGE, after=after)
        if not page:
            break
        after = page[-1]
        for part in apply_keys(project, move, page, pool, stop, size=size):
            yield len(part.keys)


def open_retried(project: Project, bound: Bound, range_no: int | None = None) -> int:
    """How many rejects there are that `reapply_waiting` tries."""
    with project.reading() as connection:
        if not ledger.any_open(connection, bound.id):
            return 0
        return sum(ledger.open_count(connection, bound.id, range_no=range_no, kind=kind) for kind in RETRIED)
