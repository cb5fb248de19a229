"""Verifying ranges of a root, several at once, and writing what came of each to the ledger as it ends."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import exc

from changeover.binding import Bound, Move
from changeover.drift.one_range import RangeLook
from changeover.drift.place import Place
from changeover.drift.tally import Tally
from changeover.drift.whole_table import TableLook, looked_for
from changeover.errors import ChangeoverError, Interrupted
from changeover.ledger import drift as ledger_drift
from changeover.ledger import ranges as ledger_ranges
from changeover.ledger import verified as ledger_verified
from changeover.ledger.clock import now
from changeover.ledger.drift import Finding
from changeover.ledger.ranges import KeyRange, whole_table
from changeover.ledger.verified import Pass, Verified
from changeover.ledger.whole import WHOLE
from changeover.project import Project
from changeover.transfer.chunk import ChunkDone
from changeover.transfer.chunk_size import ChunkSize
from changeover.transfer.retry import Stop, retried

OnChunk = Callable[[ChunkDone], None]


@dataclass(frozen=True)
class RangeVerified:
    """A range's end: what came of it for each of the root's mappings. ``error`` is None when all of it was looked at."""

    range: KeyRange
    results: tuple[Verified, ...]
    findings: tuple[Finding, ...]
    error: str | None

    @property
    def equal(self) -> bool:
        """All of it was compared, and nothing differs; rejected rows are another matter."""
        return self.error is None and all(one.result == "equal" for one in self.results)

    @property
    def drifted(self) -> int:
        """Rows that differ."""
        return sum(one.rows for one in self.findings)

    @property
    def digest(self) -> str | None:
        """The same for the same findings; None where there are none."""
        return ledger_drift.digest(self.findings)


def due(
    project: Project, root: str, names: Sequence[str] | None = None, one: Pass | None = None
) -> list[KeyRange]:
    """The ranges that can be verified: those that are done, by the mapping as it is now. Those that were looked at since
    the pass began are left out.

    When all are done, and rows without a root are looked for, there is one more, which stands for the table as a whole.

    Raises: ChangeoverError for an unknown name.
    """
    move = project.move(root)
    with project.reading() as connection:
        known = ledger_ranges.ranges_of(connection, root)
        looked = ledger_verified.verified(connection, [bound.id for bound in move.bounds])
    current = [found for found in known if found.status == "done" and found.fingerprint == move.fingerprint]
    if known and len(current) == len(known) and looked_for(project, move):
        current.append(replace(whole_table(root), fingerprint=move.fingerprint))
    by_name = {found.name: found for found in [*known, *current, whole_table(root)]}
    for name in (name for name in names or () if name not in by_name):
        raise ChangeoverError(f"{root} has no range {name!r}: `changeover status {root} --ranges` lists them")
    wanted = current if names is None else [found for found in current if found.name in set(names)]
    seen = Counter(
        v.range_no
        for v in looked
        if one and v.is_of(one) and v.fingerprint == move.fingerprint and v.result not in ("failed", "copied")
    )
    through = {no for no, count in seen.items() if count == len(_compared(project, move, no))}
    return [found for found in wanted if found.no not in through]


def _compared(project: Project, move: Move, range_no: int) -> Sequence[Bound]:
    """The mappings that a range, or the table as a whole, has results of."""
    return looked_for(project, move) if range_no == WHOLE else move.bounds


def sampled(ranges: Sequence[KeyRange], count: int, seed: int) -> list[KeyRange]:
    """So many of the ranges, by chance: the same ones for the same seed."""
    chosen = random.Random(seed).sample(range(len(ranges)), min(count, len(ranges)))
    return [ranges[place] for place in sorted(chosen)]


def verify(
    project: Project,
    root: str,
    ranges: Sequence[KeyRange],
    one: Pass,
    *,
    workers: int | None = None,
    on_chunk: OnChunk | None = None,
    stop: threading.Event | None = None,
) -> Iterator[RangeVerified]:
    """Look at ranges of ``root`` (`due`), several at once, and yield each as it ends. Writes nothing but the ledger.

    Parameters: ``one`` is the pass they belong to, and says how deep to look; ``on_chunk`` is called from worker threads;
    ``stop`` asks to end after the current ranges.
    Raises: Interrupted after ``stop`` was set and the ranges under way are done.
    """
    halt = stop or threading.Event()
    worker = _Worker(project, project.move(root), one, on_chunk, halt)
    count = 1 if project.dialect.single_writer else max(1, min(workers or project.workers, len(ranges) or 1))
    left = list(ranges)
    with ThreadPoolExecutor(count, thread_name_prefix="changeover-verify") as pool:
        running: set[Future[RangeVerified]] = set()
        try:
            while running or (left and not halt.is_set()):
                while left and len(running) < count and not halt.is_set():
                    running.add(pool.submit(worker.whole, left.pop(0)))
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        except BaseException:
            halt.set()
            raise
    if left:
        raise Interrupted(f"{root}: stopped after the last range; run the same again to go on from there")


def verify_until(
    project: Project,
    found: KeyRange,
    one: Pass,
    until: float,
    place: Place | None = None,
    stop: threading.Event | None = None,
) -> RangeVerified | Place:
    """Look at a range (`due`), from ``place`` on where that is its own. What came of it, or where it was left.

    Parameters: ``until`` is when to leave it, by the monotonic clock, and kept within a chunk; ``stop`` ends waiting for a server
    that does not answer.
    """
    worker = _Worker(project, project.move(found.root), one, None, stop or threading.Event())
    known = place if place is not None and worker.is_of(found, place) else None
    return worker.run(found, known, until)


@dataclass
class _Worker:
    project: Project
    move: Move
    one: Pass
    on_chunk: OnChunk | None
    stop: threading.Event

    def whole(self, found: KeyRange) -> RangeVerified:
        """Look at one range, and note what came of it."""
        ended = self.run(found, None, None)
        assert isinstance(ended, RangeVerified)  # nothing told it to end before
        return ended

    def is_of(self, found: KeyRange, place: Place) -> bool:
        """Whether the range is to be gone on with from there."""
        mine = (self.one.id, found.root, found.no, self.move.fingerprint)
        return mine == (place.verification_id, place.root, place.range_no, place.fingerprint)

    def run(self, found: KeyRange, place: Place | None, until: float | None) -> RangeVerified | Place:
        """Look at one range until then, and note what came of it, or say where it was left."""
        began = time.monotonic()
        if place is None:
            place = Place(self.one.id, found.root, found.no, self.move.fingerprint, found.lower, now())
        error: str | None = None
        try:
            if not self._look(found, place).run(until):
                return replace(place, seconds=place.seconds + time.monotonic() - began)
        except ChangeoverError as known:
            error = str(known)
        except exc.DBAPIError as failed:
            error = f"range {found.name} of {found.root}: {self.project.explain(failed, self.move.database)}"
        tallies = {
            bound.id: Tally() if error else place.tallies[bound.mapping.name]
            for bound in _compared(self.project, self.move, found.no)
        }
        results = [self._result(number, found, tally, error) for number, tally in tallies.items()]
        took = place.seconds + time.monotonic() - began
        results = [
            replace(one, started_at=place.started_at, finished_at=now(), seconds=took) for one in results
        ]
        note = partial(self._note, found, results, None if error else tallies)
        return retried(note, ChunkSize(), Stop(self.stop), self.project.dialect)

    def _look(self, found: KeyRange, place: Place) -> RangeLook | TableLook:
        if found.no == WHOLE:
            return TableLook(self.project, self.move, place, self.stop)
        report = partial(self._report, found)
        return RangeLook(self.project, self.move, found, place, self.one.depth, report, self.stop)

    def _result(self, mapping_id: int, found: KeyRange, tally: Tally, error: str | None) -> Verified:
        return Verified(
            mapping_id=mapping_id,
            range_no=found.no,
            verification_id=self.one.id,
            depth=self.one.depth,
            result="failed" if error else "drift" if tally.drifted else "hot" if tally.hot_rows else "equal",
            fingerprint=self.move.fingerprint,
            compared=tally.compared,
            by_value=tally.by_value,
            missing=tally.count("missing"),
            extra=tally.count("extra"),
            different=tally.count("different"),
            rejected=tally.rejected,
            hot=tally.hot_rows,
            digest=None,
            seconds=0.0,
            started_at=now(),
            finished_at=now(),
            error=error,
        )

    def _note(
        self, found: KeyRange, results: Sequence[Verified], tallies: dict[int, Tally] | None
    ) -> RangeVerified:
        noted: list[Verified] = []
        findings: list[Finding] = []
        with self.project.new.engine.begin() as connection:
            if tallies is not None and not ledger_ranges.is_as_it_was(connection, found):
                results = [replace(one, result="copied") for one in results]
            for one in results:
                if tallies is not None:
                    tally = tallies[one.mapping_id]
                    rows = [(row.key, str(row.kind), row.columns) for row in tally.drifted.values()]
                    ledger_drift.note(connection, one.mapping_id, found.no, self.one.id, rows, tally.more)
                mine = ledger_drift.findings(
                    connection, mapping_id=one.mapping_id, range_no=found.no, more=True
                )
                findings += mine
                noted.append(replace(one, digest=ledger_drift.digest(mine)))
                ledger_verified.record(connection, noted[-1])
        return RangeVerified(found, tuple(noted), tuple(findings), noted[0].error)

    def _report(self, found: KeyRange, rows: int, seconds: float) -> None:
        if self.on_chunk:
            self.on_chunk(ChunkDone(found.root, found.name, rows, 0, 0, rows, 0, 0, rows, 0, seconds))
