"""Applying roots by their keys, as many at once as fit a time and a size: how wide rows are, nobody knows before they are read."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from changeover.binding import Move
from changeover.project import Project
from changeover.transfer.apply import Record, apply
from changeover.transfer.chunk import Applied, Keys
from changeover.transfer.chunk_size import BYTES, SECONDS, ChunkSize, first
from changeover.transfer.id_pool import Pool
from changeover.transfer.retry import Stop, retried

KEYS_AT_ONCE, KEYS_AT_FIRST = 2_000, 250
"""Roots of one transaction, at the most, and before it is known how wide they are."""
ASKED_AGAIN = 16
"""Fewer roots count as so many while they are tried, so that a single one that is slow by chance is tried again."""

Recording = Callable[[tuple[str, ...]], Record | None]


def _unrecorded(keys: tuple[str, ...]) -> None:
    """Nothing joins the transaction."""


@dataclass(frozen=True)
class Part:
    """Roots that were applied in one transaction, and the seconds that it took, waiting for the tables' locks included."""

    keys: tuple[str, ...]
    applied: Applied
    seconds: float


def fitting(move: Move) -> ChunkSize:
    """What to begin with."""
    return ChunkSize(first(move.bounds, KEYS_AT_FIRST), KEYS_AT_ONCE)


def apply_keys(
    project: Project,
    move: Move,
    keys: Iterable[str],
    pool: Pool,
    stop: threading.Event,
    *,
    size: ChunkSize | None = None,
    recording: Recording = _unrecorded,
    exclusive: bool = False,
    ids_ahead: int = 0,
) -> Iterator[Part]:
    """Apply roots, some in a transaction, and then those that follow since their shared row lost another root.

    Parameters: ``keys`` encoded, read no further than they are needed; ``size`` what was learnt before, and goes on to be learnt;
    ``recording`` makes of keys what joins their transaction; ``stop`` ends waiting for a server that does not answer; the others
    as for `apply`.
    Yields: each part after it is committed. Raises: what `apply` does, BlockTooLarge for a single root among it.
    """

    def work(some: tuple[str, ...]) -> Applied:
        record = recording(some)
        return apply(project, move, Keys(some), pool, record=record, exclusive=exclusive, ids_ahead=ids_ahead)

    for part in _parts(project, move, keys, work, size or fitting(move), stop):
        if part.applied.followers:
            apply_followers(project, part.applied.followers, pool, stop)
        yield part


def apply_all(project: Project, move: Move, keys: Iterable[str], pool: Pool, stop: threading.Event) -> None:
    """`apply_keys`, for who needs no counts."""
    for _ in apply_keys(project, move, keys, pool, stop):
        pass


def apply_followers(
    project: Project, followers: Sequence[tuple[str, str]], pool: Pool, stop: threading.Event
) -> None:
    """Apply roots (mapping and key) whose shared row lost another root. They wait in the ledger until this is done, and so do those
    that follow them in turn: these are applied with all that wait."""
    moves = {bound.mapping.name: move for move in project.moves.values() for bound in move.bounds}
    for name in sorted({name for name, _ in followers if name in moves}):
        keys = sorted({key for other, key in followers if other == name})
        work = partial(_applied, project, moves[name], pool)
        for _ in _parts(project, moves[name], keys, work, fitting(moves[name]), stop):
            pass


def _applied(project: Project, move: Move, pool: Pool, some: tuple[str, ...]) -> Applied:
    return apply(project, move, Keys(some), pool)


def _parts(
    project: Project,
    move: Move,
    keys: Iterable[str],
    work: Callable[[tuple[str, ...]], Applied],
    size: ChunkSize,
    stop: threading.Event,
) -> Iterator[Part]:
    size.most = KEYS_AT_ONCE  # what was slow in a former round may not be now
    old = project.old[move.database].dialect
    wanted, page = iter(keys), list[str]()

    def once() -> tuple[tuple[str, ...], Applied]:
        some = tuple(page[: size.rows])
        return some, work(some)

    while True:
        page.extend(islice(wanted, max(0, size.rows - len(page))))
        if not page:
            return
        began, asked, there = time.monotonic(), size.rows, len(page)
        size.rows = min(asked, max(there, ASKED_AGAIN))
        some, applied = retried(once, size, Stop(stop), project.dialect, old)
        del page[: len(some)]
        if len(some) == there < asked and applied.seconds < SECONDS and applied.bytes < BYTES:
            size.rows = asked  # a few that are small and quick say little of many
        else:
            size.rows = len(some)
            size.took(applied.bytes, applied.seconds)
        yield Part(some, applied, time.monotonic() - began)
