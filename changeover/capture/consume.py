"""One round of live sync: read what is visible in the outbox, apply the current state of those roots, delete what was read."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from changeover.binding import Move
from changeover.capture import outbox, resolve
from changeover.capture.highest import noting
from changeover.capture.source import Source
from changeover.project import Project
from changeover.transfer.by_keys import apply_keys, fitting
from changeover.transfer.chunk_size import ChunkSize
from changeover.transfer.id_pool import Pool
from changeover.transfer.retry import Stop, retried

IDS_AHEAD = 1_000
"""New ids taken ahead where taking them is dear: those that are left when the sync stops are gaps."""


@dataclass
class Round:
    """What a round did: entries that were read and deleted, and counts by root."""

    entries: int = 0
    roots: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])


def consume(
    project: Project,
    database: str,
    sources: Mapping[str, Source],
    pool: Pool,
    limit: int,
    stop: threading.Event,
    sizes: dict[str, ChunkSize] | None = None,
) -> Round:
    """Apply at most ``limit`` entries, roots of parents first, and delete exactly these.

    Parameters: ``sources`` by the names that stand in entries; entries of others stay where they are; ``sizes``
    what was learnt in former rounds of how many roots of each name fit a transaction.
    Raises: what `apply` does. The entries are still there then, and nothing is lost.
    """
    done, known = Round(), {} if sizes is None else sizes
    engine = project.capturing(database)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        read = outbox.entries(connection, sources, limit)
    if not read:
        return done
    by_root: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for entry in read:
        by_root[sources[entry.source].root][entry.source].add(entry.key)
    for root, move in project.moves.items():
        if root in by_root:
            size = known.setdefault(root, fitting(move))
            done.roots[root] = _apply(project, move, sources, by_root[root], pool, stop, size)
    retried(
        lambda: _delete(project, database, [entry.id for entry in read]),
        ChunkSize(),
        Stop(stop),
        project.old[database].dialect,
    )
    done.entries = len(read)
    return done


def _apply(
    project: Project,
    move: Move,
    sources: Mapping[str, Source],
    changed: Mapping[str, set[str]],
    pool: Pool,
    stop: threading.Event,
    size: ChunkSize,
) -> dict[str, float]:
    counts: dict[str, float] = defaultdict(float)
    # The locks of the tables are held alone, and are waited for as long as copiers hold them, a chunk at a time.
    for part in apply_keys(
        project,
        move,
        _keys(project, move, sources, changed),
        pool,
        stop,
        size=size,
        recording=partial(noting, move),
        exclusive=True,
        ids_ahead=IDS_AHEAD,
    ):
        for name in ("inserted", "updated", "deleted", "rejected"):
            counts[name] += getattr(part.applied, name)
        counts["keys_applied"] += len(part.keys)
        counts["seconds"] += part.seconds
    return dict(counts)


def _keys(
    project: Project, move: Move, sources: Mapping[str, Source], changed: Mapping[str, set[str]]
) -> Iterator[str]:
    """Encoded keys of all roots that changed, each once: roots' own entries, and those that joined tables lead to."""
    given: set[str] = set()
    for name, texts in changed.items():
        if sources[name].is_root:
            given |= texts
    yield from sorted(given)
    with (
        project.old[move.database].engine.connect().execution_options(isolation_level="AUTOCOMMIT") as source
    ):
        for name, texts in changed.items():
            if not sources[name].is_root:
                for page in resolve.roots(source, move, sources[name], sorted(texts)):
                    yield from (key for key in page if key not in given)


def _delete(project: Project, database: str, ids: Sequence[int]) -> None:
    with project.capturing(database).begin() as connection:
        outbox.delete(connection, ids)
