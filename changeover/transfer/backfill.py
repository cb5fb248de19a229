"""Backfill: ranges of one root, several at a time, chunk by chunk, each resumed where it was stopped."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa
from sqlalchemy import exc

from changeover.binding import Move
from changeover.errors import ChangeoverError, Interrupted, TooManyRejects
from changeover.keyset.key import KeyValues
from changeover.keyset.walk import page_end
from changeover.ledger import ranges as ledger
from changeover.ledger import rejects as ledger_rejects
from changeover.ledger.ranges import KeyRange
from changeover.project import Project
from changeover.transfer import leftover
from changeover.transfer.apply import apply
from changeover.transfer.by_keys import apply_followers
from changeover.transfer.chunk import Applied, ChunkDone, Span
from changeover.transfer.chunk_size import ChunkSize, first
from changeover.transfer.gate import refuse_uncaptured
from changeover.transfer.id_pool import Pool
from changeover.transfer.reapply import reapply_later, reapply_referenced, reapply_waiting
from changeover.transfer.retry import Stop, retried

_LOG = logging.getLogger(__name__)

OnChunk = Callable[[ChunkDone], None]


@dataclass(frozen=True)
class RangeDone:
    """A range's end. ``error`` is None when all of it was walked; ``rejects_open`` counts its roots with open rejects, ``waiting``
    those of them that only wait for a parent."""

    range: KeyRange
    rejects_open: int
    waiting: int
    error: str | None


def backfill(
    project: Project,
    root: str,
    names: Sequence[str] | None = None,
    *,
    workers: int | None = None,
    on_chunk: OnChunk | None = None,
    stop: threading.Event | None = None,
    only_pending: bool = False,
) -> Iterator[RangeDone]:
    """Copy ranges of ``root``, several at once, and yield each as it ends; a range that fails doesn't stop the others.

    Parameters: ``names`` the ranges (all of them by default); ``only_pending`` leaves out those that are done;
    ``on_chunk`` is called from worker threads after each commit; ``stop`` asks to end after the current chunks.
    Raises: Interrupted after ``stop`` was set and the chunks under way are committed; NotCaptured; ChangeoverError for unknown
    names.
    """
    halt = stop or threading.Event()
    dialects = {schema.dialect for schema in (project.new, *project.old.values())}
    move, wanted = retried(partial(_wanted, project, root, names), ChunkSize(), Stop(halt), *dialects)
    if only_pending:
        wanted = [r for r in wanted if r.status != "done" or r.fingerprint != move.fingerprint]
    worker = _Worker(project, move, Pool(), on_chunk, halt)
    count = 1 if project.dialect.single_writer else max(1, min(workers or project.workers, len(wanted) or 1))
    deleted = 0
    for done in _in_parallel(worker, wanted, count, halt):
        deleted += done.range.deleted
        yield done
    if halt.is_set():
        raise Interrupted(
            f"{root}: stopped after the last committed chunk; run the same again to go on from there"
        )
    reapply_waiting(project, move, worker.pool, stop=halt)
    reapply_later(project, move, worker.pool, stop=halt)
    if deleted:
        reapply_referenced(project, move, worker.pool, stop=halt)


def _wanted(project: Project, root: str, names: Sequence[str] | None) -> tuple[Move, Sequence[KeyRange]]:
    move = project.move(root)
    refuse_uncaptured(project, move)
    with project.reading() as connection:
        if names is None:
            return move, ledger.ranges_of(connection, root)
        return move, [ledger.range_named(connection, root, name) for name in names]


def _in_parallel(
    worker: _Worker, wanted: Sequence[KeyRange], count: int, halt: threading.Event
) -> Iterator[RangeDone]:
    todo = iter(wanted)
    running: set[Future[RangeDone | None]] = set()
    with ThreadPoolExecutor(count, thread_name_prefix="changeover") as pool:
        try:
            for found in todo:
                running.add(pool.submit(worker.run, found))
                if len(running) < count:
                    continue
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (result for future in done if (result := future.result()) is not None)
                if halt.is_set():
                    break
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (result for future in done if (result := future.result()) is not None)
        except BaseException:
            # The consumer went away, or a worker met what no range can survive: end the others after their chunks.
            halt.set()
            raise


@dataclass
class _Worker:
    project: Project
    move: Move
    pool: Pool
    on_chunk: OnChunk | None
    stop: threading.Event

    def run(self, wanted: KeyRange) -> RangeDone | None:
        """Copy one range. None when it was asked to stop before the range's end."""
        retry = Stop(self.stop)
        error: str | None = None
        token, found = "", wanted
        try:
            token, found = retried(partial(self._start, wanted), ChunkSize(), retry, self.project.dialect)
            if not self._walk(found, token, retry):
                with self.project.new.engine.begin() as connection:
                    ledger.pause(connection, found, token)
                return None
        except ChangeoverError as known:
            error = str(known)
        except exc.DBAPIError as failed:
            error = f"range {found.name} of {found.root}: {self._explain(failed)}"
        except Exception as bug:  # noqa: BLE001 - one range must not end the others
            # Not its text, which may hold a row's value.
            trace = "".join(traceback.format_tb(bug.__traceback__))
            _LOG.error("range %s of %s: %s\n%s", found.name, found.root, type(bug).__name__, trace)
            _LOG.debug("range %s of %s", found.name, found.root, exc_info=True)
            error = (
                f"range {found.name} of {found.root}: unexpected {type(bug).__name__}; the log has its trace"
            )
        try:
            return retried(partial(self._end, found, token, error), ChunkSize(), retry, self.project.dialect)
        except exc.DBAPIError as failed:
            # The ledger can't be told: the range stays as it was, and is resumed by the next run.
            return RangeDone(found, 0, 0, error or self._explain(failed))

    def _start(self, wanted: KeyRange) -> tuple[str, KeyRange]:
        with self.project.new.engine.begin() as connection:
            return ledger.start(connection, wanted, self.move.fingerprint)

    def _end(self, found: KeyRange, token: str, error: str | None) -> RangeDone:
        with self.project.new.engine.begin() as connection:
            ended = ledger.finish(connection, found, token, error=error)
            return RangeDone(ended, *self._rejects(connection, ended), error)

    def _walk(self, found: KeyRange, token: str, retry: Stop) -> bool:
        size, position = ChunkSize(first(self.move.bounds)), found.position or found.lower
        while position != found.upper:
            if self.stop.is_set():
                return False
            began = time.monotonic()
            chunk = partial(self._chunk, found, token, position, size)
            upper, applied = retried(
                chunk, size, retry, self.project.dialect, self.project.old[self.move.database].dialect
            )
            size.took(applied.bytes, time.monotonic() - began)
            position = upper
            self._report(found, applied, time.monotonic() - began)
            if applied.rejected:
                self._limit(found)
        self._sweep(found, token, size, retry)
        # Before the range is judged: within it, a later chunk may have brought what an earlier one's rows waited for.
        reapply_waiting(self.project, self.move, self.pool, stop=self.stop, range_no=found.no)
        return True

    def _sweep(self, found: KeyRange, token: str, size: ChunkSize, retry: Stop) -> None:
        # Where keys are numbers, the chunks met every target row of the range: one that can't be deleted is counted already.
        met = all(bound.identity == "direct" or bound.key.is_number for bound in self.move.bounds)

        def record(connection: sa.Connection, applied: Applied) -> None:
            counts = applied.counts()
            if met:
                counts |= {"rejected": 0, "due": counts["due"] - counts["rejected"]}
            ledger.advance(connection, found, token, found.upper, counts, 0.0)

        sweep = partial(leftover.sweep, self.project, self.move, found, self.pool, record)
        retried(sweep, size, retry, self.project.dialect, self.project.old[self.move.database].dialect)

    def _chunk(
        self, found: KeyRange, token: str, lower: KeyValues | None, size: ChunkSize
    ) -> tuple[KeyValues, Applied]:
        """One chunk: where it ends is looked up before, so that the span is fixed whatever changes meanwhile."""
        began = time.monotonic()
        schema = self.project.old[self.move.database]
        with schema.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as source:
            upper = (
                page_end(
                    source,
                    schema.dialect,
                    self.move.mapping.root,
                    self.move.key,
                    lower,
                    found.upper,
                    size.rows,
                )
                or found.upper
            )
        upper = leftover.bounded(self.project, self.move, lower, upper, size.rows)

        def record(connection: sa.Connection, applied: Applied) -> None:
            ledger.advance(connection, found, token, upper, applied.counts(), time.monotonic() - began)

        applied = apply(
            self.project,
            self.move,
            Span(lower, upper),
            self.pool,
            range_no=found.no,
            record=record,
            ids_ahead=found.rows_planned,
        )
        if applied.followers:
            apply_followers(self.project, applied.followers, self.pool, self.stop)
        return upper, applied

    def _report(self, found: KeyRange, applied: Applied, seconds: float) -> None:
        if self.on_chunk:
            self.on_chunk(ChunkDone(found.root, found.name, **applied.counts(), seconds=seconds))

    def _limit(self, found: KeyRange) -> None:
        with self.project.reading() as connection:
            for bound in self.move.bounds:
                limit = bound.mapping.max_rejects
                # Such a child may well come before its parent, and is applied again at the end.
                early = [
                    lookup.column
                    for lookup in bound.lookups
                    if lookup.later or lookup.parent in self.move.targets
                ]
                if not ledger_rejects.any_open(connection, bound.id):
                    continue
                count = ledger_rejects.standing_count(
                    connection, bound.id, found.root, self.move.fingerprint, but=early
                )
                if count > limit:
                    raise TooManyRejects(
                        f"mapping {bound.mapping.name}, range {found.name}: stopped at {count} rejected "
                        f"rows, more than max_rejects={limit}; "
                        f"see `changeover rejects {bound.mapping.target}`, mend the mapping and run the range again, or "
                        f"mend the data and `changeover rejects retry {bound.mapping.target}`"
                    )

    def _rejects(self, connection: sa.Connection, ended: KeyRange) -> tuple[int, int]:
        total = sum(ledger_rejects.open_count(connection, b.id, range_no=ended.no) for b in self.move.bounds)
        waiting = sum(
            ledger_rejects.open_count(connection, b.id, range_no=ended.no, kind="waiting")
            for b in self.move.bounds
        )
        return total, waiting

    def _explain(self, error: exc.DBAPIError) -> str:
        return self.project.explain(error, self.move.database)
