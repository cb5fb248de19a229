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

from changeover.binding import Move
from changeover.drift.one_range import RangeLook, Tally
from changeover.errors import ChangeoverError, Interrupted
from changeover.ledger import drift as ledger_drift
from changeover.ledger import ranges as ledger_ranges
from changeover.ledger import verified as ledger_verified
from changeover.ledger.clock import now
from changeover.ledger.drift import Finding
from changeover.ledger.ranges import KeyRange
from changeover.ledger.verified import Pass, Verified
from changeover.project import Project
from changeover.transfer.chunk import ChunkDone
from changeover.transfer.chunk_size import ChunkSize
from changeover.transfer.differing import Differing
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
    def digest(self) -> str | None:
        """The same for the same findings; None where there are none."""
        return ledger_drift.digest(self.findings)


def due(
    project: Project, root: str, names: Sequence[str] | None = None, one: Pass | None = None
) -> list[KeyRange]:
    """The ranges that can be verified: those that are done, by the mapping as it is now. Those that were looked at since
    the pass began are left out.

    Raises: ChangeoverError for an unknown name.
    """
    move = project.move(root)
    with project.reading() as connection:
        known = ledger_ranges.ranges_of(connection, root)
        looked = ledger_verified.verified(connection, [bound.id for bound in move.bounds])
    by_name = {found.name: found for found in known}
    for name in (name for name in names or () if name not in by_name):
        raise ChangeoverError(f"{root} has no range {name!r}: `changeover status {root} --ranges` lists them")
    wanted = known if names is None else [by_name[name] for name in names]
    seen = Counter(
        v.range_no
        for v in looked
        if one and v.is_of(one) and v.fingerprint == move.fingerprint and v.result != "failed"
    )
    through = {no for no, count in seen.items() if count == len(move.bounds)}
    return [
        found
        for found in wanted
        if found.status == "done" and found.fingerprint == move.fingerprint and found.no not in through
    ]


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
                    running.add(pool.submit(worker.run, left.pop(0)))
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        except BaseException:
            halt.set()
            raise
    if left:
        raise Interrupted(f"{root}: stopped after the last range; run the same again to go on from there")


@dataclass
class _Worker:
    project: Project
    move: Move
    one: Pass
    on_chunk: OnChunk | None
    stop: threading.Event

    def run(self, found: KeyRange) -> RangeVerified:
        """Look at one range, and note what came of it."""
        began, at = time.monotonic(), now()
        error: str | None = None
        tallies: dict[str, Tally] = {}
        try:
            report = partial(self._report, found)
            tallies = RangeLook(self.project, self.move, found, self.one.depth, report, self.stop).run()
        except ChangeoverError as known:
            error = str(known)
        except exc.DBAPIError as failed:
            error = f"range {found.name} of {found.root}: {self.project.explain(failed, self.move.database)}"
        results = [
            self._result(bound.id, found, tallies.get(bound.mapping.name, Tally()), error)
            for bound in self.move.bounds
        ]
        took = time.monotonic() - began
        results = [replace(one, started_at=at, finished_at=now(), seconds=took) for one in results]
        drifted = (
            {bound.id: list(tallies[bound.mapping.name].drifted.values()) for bound in self.move.bounds}
            if error is None
            else None
        )
        note = partial(self._note, found, results, drifted)
        return retried(note, ChunkSize(), Stop(self.stop), self.project.dialect)

    def _result(self, mapping_id: int, found: KeyRange, tally: Tally, error: str | None) -> Verified:
        kinds = [row.kind for row in tally.drifted.values()]
        return Verified(
            mapping_id=mapping_id,
            range_no=found.no,
            verification_id=self.one.id,
            depth=self.one.depth,
            result="failed" if error else "drift" if kinds else "hot" if tally.hot else "equal",
            fingerprint=self.move.fingerprint,
            compared=tally.compared,
            by_value=tally.by_value,
            missing=kinds.count("missing"),
            extra=kinds.count("extra"),
            different=kinds.count("different"),
            rejected=tally.rejected,
            hot=len(tally.hot),
            digest=None,
            seconds=0.0,
            started_at=now(),
            finished_at=now(),
            error=error,
        )

    def _note(
        self, found: KeyRange, results: Sequence[Verified], drifted: dict[int, list[Differing]] | None
    ) -> RangeVerified:
        noted: list[Verified] = []
        findings: list[Finding] = []
        with self.project.new.engine.begin() as connection:
            for one in results:
                if drifted is not None:
                    rows = [(row.key, str(row.kind), row.columns) for row in drifted[one.mapping_id]]
                    ledger_drift.note(connection, one.mapping_id, found.no, self.one.id, rows)
                mine = ledger_drift.findings(connection, mapping_id=one.mapping_id, range_no=found.no)
                findings += mine
                noted.append(replace(one, digest=ledger_drift.digest(mine)))
                ledger_verified.record(connection, noted[-1])
        return RangeVerified(found, tuple(noted), tuple(findings), noted[0].error)

    def _report(self, found: KeyRange, rows: int, seconds: float) -> None:
        if self.on_chunk:
            self.on_chunk(ChunkDone(found.root, found.name, rows, 0, 0, rows, 0, 0, rows, 0, seconds))
