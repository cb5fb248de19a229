"""Live sync: rounds of `consume` for one old database, until it is asked to stop.

Rounds follow each other as long as there is something to do. In between it looks whether its triggers still stand, tries waiting
rows again, and tells the ledger that it is alive.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from changeover.capture import outbox, watch
from changeover.capture.consume import Round, consume
from changeover.capture.source import Source
from changeover.capture.trace import sources
from changeover.errors import ChangeoverError, ConfigurationError
from changeover.ledger import capture as ledger_capture
from changeover.ledger import sync as ledger
from changeover.project import Project
from changeover.transfer.chunk_size import ChunkSize
from changeover.transfer.id_pool import Pool
from changeover.transfer.reapply import open_retried, reapplying_waiting
from changeover.transfer.retry import Stop, retried

IDLE_SECONDS = 0.2
"""Between two looks at an empty outbox: a look is one read of an empty index."""
BEAT_SECONDS = 2.0
WATCH_SECONDS = 10.0
WAITING_SECONDS, WAITING_MOST = 2.0, 60.0
"""Before waiting rows are tried again; doubled each time that nothing was mended, up to the second figure."""
WAITING_SHARE = 5
FIRST, FEWEST, MOST = 1_000, 100, 20_000
"""Entries of a round. Rounds are to take about `ROUND_SECONDS`, so that the outbox is emptied in large bites when it is long and
no change waits for a large bite when it is short."""
ROUND_SECONDS = 1.0

T = TypeVar("T")


class CannotConsume(ChangeoverError):
    """There is no outbox. Says what that means for the application, and what to do."""


@dataclass(frozen=True)
class Beat:
    """What a run tells its display every `BEAT_SECONDS`: counts by root since the last one, and what waits, in all and by root."""

    database: str
    lag_keys: int
    lag_seconds: float
    roots: dict[str, dict[str, float]]
    broken: tuple[str, ...]
    """Tables that are paused since changes of them may have been missed."""
    lags: dict[str, outbox.Lag] = field(default_factory=dict[str, outbox.Lag])


def run(
    project: Project, database: str, *, stop: threading.Event, once: bool = False
) -> Generator[Beat, None, None]:
    """Apply the changes of an old database until ``stop`` is set; with ``once``, until its outbox is empty.

    Yields: a `Beat` every `BEAT_SECONDS`, and a last one.
    Raises: ConfigurationError when no triggers are installed; SyncTakenOver when another process runs it now; whatever could not
    be overcome. Changes that were not applied are still in the outbox then.
    """
    loop = _Loop(project, database, stop)
    error: str | None = None
    try:
        yield from loop.run(once)
    except (GeneratorExit, ledger.SyncTakenOver):
        raise
    except ChangeoverError as known:
        error = str(known)
        raise
    except BaseException as unknown:
        error = f"ended by {type(unknown).__name__}"
        raise
    finally:
        with project.new.engine.begin() as connection:
            ledger.end(connection, database, loop.token, error)


@dataclass
class _Every:
    """Something to be done now and then."""

    seconds: float
    due: float = 0.0

    def ripe(self) -> bool:
        """Whether it is due; if so, the next time is set."""
        now = time.monotonic()
        if now < self.due:
            return False
        self.due = now + self.seconds
        return True


@dataclass
class _Loop:
    project: Project
    database: str
    stop: threading.Event
    pool: Pool = field(default_factory=Pool)
    sizes: dict[str, ChunkSize] = field(default_factory=dict[str, ChunkSize])
    applied: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])

    def __post_init__(self) -> None:
        self.sources: dict[str, Source] = {
            source.name: source
            for move in self.project.moves.values()
            if move.database == self.database
            for source in sources(move, self.project.old[self.database])
        }
        with self.project.reading() as connection:
            if not ledger_capture.captured(connection, self.database):
                raise ConfigurationError(
                    f"no triggers are installed on old database {self.database}: run `changeover sync install`"
                )
        with self.project.new.engine.begin() as connection:
            self.token = ledger.start(connection, self.database, "outbox")
        self.broken: set[str] = set()
        self.beat_at = time.monotonic()
        self.limit = FIRST
        self.trying: Iterator[int] | None = None
        self.rested = 0.0
        self.beats, self.looks, self.waiting = (
            _Every(BEAT_SECONDS),
            _Every(WATCH_SECONDS),
            _Every(WAITING_SECONDS),
        )

    def run(self, once: bool) -> Generator[Beat, None, None]:
        """See `run`."""
        while not self.stop.is_set():
            if self.looks.ripe():
                self._look()
            began = time.monotonic()
            done = self._retried(self._consume)
            self._learn(done, time.monotonic() - began)
            ended = once and not done.entries
            self._try_waiting(to_the_end=ended)
            if ended:
                break
            if self.beats.ripe():
                yield self._retried(self._beat)
            if not done.entries:
                self.stop.wait(IDLE_SECONDS)
        yield self._retried(self._beat)

    def _retried(self, work: Callable[[], T]) -> T:
        dialects = self.project.dialect, self.project.old[self.database].dialect
        return retried(work, ChunkSize(), Stop(self.stop), *dialects)

    def _consume(self) -> Round:
        wanted = {
            name: source for name, source in self.sources.items() if str(source.table) not in self.broken
        }
        return consume(self.project, self.database, wanted, self.pool, self.limit, self.stop, self.sizes)

    def _learn(self, done: Round, seconds: float) -> None:
        for root, counts in done.roots.items():
            into = self.applied.setdefault(root, defaultdict(float))
            for name, count in counts.items():
                into[name] += count
        if done.entries == self.limit:
            self.limit = int(
                max(FEWEST, min(MOST, self.limit * min(4.0, ROUND_SECONDS / max(seconds, 1e-6))))
            )
        if any(counts.get("rejected") for counts in done.roots.values()):
            # What was refused just now may be mended by what comes next, whatever older ones still wait for.
            self.waiting.seconds = WAITING_SECONDS
            self.waiting.due = min(self.waiting.due, time.monotonic() + WAITING_SECONDS)

    def _look(self) -> None:
        found = watch.look(self.project, self.database)
        if any(one.reason == watch.NO_OUTBOX for one in found):
            raise CannotConsume(f"old database {self.database}: {watch.NO_OUTBOX}")
        with self.project.reading() as connection:
            known = ledger_capture.captured(connection, self.database)
        self.broken = {table.table for table in known if table.state != "installed"}

    def _try_waiting(self, *, to_the_end: bool) -> None:
        """A page of a pass over the waiting rows, or all of it.

        There may be as many of them as a backfill has read ahead of their parents. Neither changes nor that backfill are to wait
        for them: a pass gets one part in `WAITING_SHARE` of the time.
        """
        # At the end from the start: a parent may have come after its children's turn in the pass that is under way.
        if to_the_end or (self.trying is None and self.waiting.ripe()):
            self.trying = self._pass()
        if self.trying is None or (not to_the_end and time.monotonic() < self.rested):
            return
        began = time.monotonic()
        for _ in self.trying:
            if not to_the_end:
                self.rested = time.monotonic() + (time.monotonic() - began) * (WAITING_SHARE - 1)
                return
        self.trying = None

    def _pass(self) -> Iterator[int]:
        before = self._waiting()
        if before:
            mine = [move for move in self.project.moves.values() if move.database == self.database]
            # Parents before children brings rows in; children before parents lets rows go that children referred to.
            for move in (*mine, *reversed(mine)):
                if not self.stop.is_set():
                    yield from reapplying_waiting(self.project, move, self.pool, stop=self.stop)
        helped = self._waiting() < before
        self.waiting.seconds = (
            WAITING_SECONDS if helped or not before else min(WAITING_MOST, self.waiting.seconds * 2)
        )
        self.waiting.due = time.monotonic() + self.waiting.seconds

    def _waiting(self) -> int:
        bounds = [b for m in self.project.moves.values() if m.database == self.database for b in m.bounds]
        return sum(open_retried(self.project, bound) for bound in bounds)

    def _beat(self) -> Beat:
        with self.project.capturing(self.database).connect() as source:
            waiting = outbox.waiting(source.execution_options(isolation_level="AUTOCOMMIT"))
        lags = {root: outbox.Lag() for root in dict.fromkeys(one.root for one in self.sources.values())}
        for name, lag in waiting.items():
            if name in self.sources:
                lags[self.sources[name].root] += lag
        total = sum(waiting.values(), outbox.Lag())
        # The first beat comes at once: a rate over less than `BEAT_SECONDS` says little.
        seconds = max(time.monotonic() - self.beat_at, BEAT_SECONDS)
        pulses = {root: _pulse(self.applied.get(root, {}), lag, seconds) for root, lag in lags.items()}
        with self.project.new.engine.begin() as connection:
            ledger.beat(connection, self.database, self.token, total.keys, total.seconds, pulses)
        self.beat_at = time.monotonic()
        applied, self.applied = self.applied, {}
        return Beat(self.database, total.keys, total.seconds, applied, tuple(sorted(self.broken)), lags)


def _pulse(counts: Mapping[str, float], lag: outbox.Lag, seconds: float) -> ledger.Pulse:
    return ledger.Pulse(counts, lag.keys, lag.seconds, counts.get("keys_applied", 0.0) / seconds)
