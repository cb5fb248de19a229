"""Moving the images of key ranges: what rows name is looked up in the manifest, what isn't stored is taken and carried, and the
rows that wait for it are applied again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import TypeVar

from sqlalchemy import exc

from changeover.binding import Move
from changeover.errors import ChangeoverError, Interrupted
from changeover.image_sets import walk
from changeover.image_sets.carrier import Carrier
from changeover.image_sets.lease import Lease
from changeover.image_sets.reapply import reapply_arrived, reapply_waiting_for
from changeover.images.image import Arrived, Outcome, Refused, Wanted
from changeover.ledger import images as manifest
from changeover.ledger import ranges as ledger_ranges
from changeover.ledger.ranges import KeyRange
from changeover.mapping import ImageSet
from changeover.project import Project
from changeover.transfer.chunk_size import ChunkSize
from changeover.transfer.id_pool import Pool
from changeover.transfer.retry import Stop, retried

T = TypeVar("T")

RECORDED_AT_ONCE, RECORDED_AFTER = 200, 2.0
"""Images, or seconds, after which what became of them is committed: a kill costs no more than these a second fetch."""
OTHERS_SECONDS = 0.5
"""Between two looks at images that another run moves."""
SAMPLE = 12
"""Images and rejects that are shown of a range."""


@dataclass(frozen=True)
class ImagesMoved:
    """What became of a range's images.

    ``referenced`` counts each image once a chunk. ``known`` of them were stored already, ``transferred`` are new in the bucket, and
    ``reused`` were found there by their bytes; ``rejected`` are none, or too large, or may not be fetched; ``failed`` could not be
    had this time. ``rows_applied`` counts rows that waited for them.
    """

    range: KeyRange
    image_set: str
    rows: int = 0
    referenced: int = 0
    known: int = 0
    transferred: int = 0
    reused: int = 0
    rejected: int = 0
    failed: int = 0
    bytes: int = 0
    rows_applied: int = 0
    seconds: float = 0.0
    sample: tuple[Arrived, ...] = ()
    refused: tuple[Refused, ...] = ()
    error: str | None = None

    @property
    def settled(self) -> bool:
        """Each of its images is stored or rejected."""
        return self.error is None and not self.failed


OnMoved = Callable[[ImagesMoved], None]


def move_images(
    project: Project,
    root: str,
    carrier: Carrier,
    names: Sequence[str] | None = None,
    *,
    rejected: bool = False,
    on_moved: OnMoved | None = None,
    stop: threading.Event | None = None,
) -> Iterator[ImagesMoved]:
    """Move the images that the rows of a root's ranges name, and yield what became of each range and set.

    Parameters: ``names`` the ranges (all of them by default); ``rejected`` tries again what was rejected before; ``on_moved`` is
    given a range's counts so far whenever some of them were committed; ``stop`` asks to end after the images under way.
    Raises: Interrupted after ``stop`` was set; ChangeoverError for unknown names.
    """
    halt = stop or threading.Event()
    move = project.move(root)
    with project.reading() as connection:
        known = ledger_ranges.ranges_of(connection, root)
        wanted = (
            known if names is None else [ledger_ranges.range_named(connection, root, name) for name in names]
        )
    pool = Pool()
    for found in wanted:
        for images in walk.sets_of(move):
            if halt.is_set():
                break
            one = _Range(project, move, images, found, carrier, pool, halt, rejected, on_moved)
            yield one.run()
    if halt.is_set():
        raise Interrupted(
            f"{root}: stopped after the images under way; run the same again to go on from there"
        )
    reapply_arrived(project, move, pool, halt)


@dataclass
class _Range:
    project: Project
    move: Move
    images: ImageSet
    found: KeyRange
    carrier: Carrier
    pool: Pool
    stop: threading.Event
    rejected: bool
    on_moved: OnMoved | None
    digests: dict[str, str] = field(default_factory=dict[str, str])
    """Of the images under way, by URL."""
    under_way: set[str] = field(default_factory=set[str])
    failed: set[str] = field(default_factory=set[str])
    """Images that this run could not have: they are not tried twice in it."""
    others: set[str] = field(default_factory=set[str])
    """Images that another run moves."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    """What is wanted may be found out in another thread than what became of it."""

    def __post_init__(self) -> None:
        self.moved = ImagesMoved(self.found, self.images.name)
        self.began = time.monotonic()

    def run(self) -> ImagesMoved:
        """Move them. A range that fails says why, and doesn't stop the others."""
        error: str | None = None
        try:
            with Lease(self.project) as lease:
                self.carry(self.wanted(lease))
                while self.others and not self.stop.is_set():
                    self.carry(self.left_by_others(lease))
                    self.stop.wait(OTHERS_SECONDS if self.others else 0)
        except ChangeoverError as known:
            error = str(known)
        except exc.DBAPIError as failed:
            where = f"images {self.images.name}, range {self.found.name} of {self.found.root}"
            error = f"{where}: {self.project.explain(failed, self.move.database)}"
        self.count(error=error)
        return self.moved

    def wanted(self, lease: Lease) -> Iterator[Wanted]:
        """What is to be carried, as the range is walked; all that the manifest knows as stored is passed over."""
        for page in walk.pages(self.project, self.move, self.images, self.found, self.stop):
            left = self.retried(partial(self.enter, page)) if page.named else []
            again = {one.digest for one in left if one.state == "rejected" and not self.rejected}
            todo = {one.digest for one in left} - again
            self.count(
                rows=page.rows,
                referenced=len(page.named) + page.refused,
                known=len(page.named) - len(left),
                rejected=len(again) + page.refused,
            )
            # In the order of the rows, so that those at the front are whole first.
            yield from self.taken(lease, [one.digest for one in page.named if one.digest in todo])

    def enter(self, page: walk.Page) -> list[manifest.Open]:
        with self.project.new.engine.begin() as connection:
            return manifest.enter(connection, self.project.dialect, self.images.name, page.named)

    def taken(self, lease: Lease, digests: list[str]) -> Iterator[Wanted]:
        """Take what nobody else has taken."""
        with self.lock:
            wanted = [one for one in digests if one not in self.under_way and one not in self.failed]
        if not wanted:
            return

        def take() -> list[manifest.Taken]:
            with self.project.new.engine.begin() as connection:
                return lease.take(connection, self.images.name, wanted, rejected=self.rejected)

        place = {digest: n for n, digest in enumerate(wanted)}
        mine = sorted(self.retried(take), key=lambda one: place[one.digest])
        self.others |= set(wanted) - {one.digest for one in mine}
        with self.lock:
            self.under_way.update(one.digest for one in mine)
            self.digests.update((one.url, one.digest) for one in mine)
        for one in mine:
            yield Wanted(one.url)

    def left_by_others(self, lease: Lease) -> Iterator[Wanted]:
        """What another run has stored is known; what it gave up, or left when it was killed, is taken."""
        digests = sorted(self.others)
        with self.project.reading() as connection:
            states = manifest.states_of(connection, self.images.name, digests)
        stored = [digest for digest in digests if states.get(digest) == "stored"]
        refused = [digest for digest in digests if states.get(digest) == "rejected"]
        self.count(known=len(stored), rejected=len(refused))
        self.others = set()
        yield from self.taken(lease, sorted(set(digests) - {*stored, *refused}))

    def carry(self, wanted: Iterator[Wanted]) -> None:
        """Carry images and commit what became of them. Where none is wanted, the carrier isn't asked."""
        first = next(wanted, None)
        if first is None:
            return
        outcomes: dict[str, Outcome] = {}
        told = time.monotonic()
        carried = self.carrier.carry(self.images, chain((first,), wanted))
        try:
            for outcome in carried:
                outcomes[self.digests[outcome.url]] = outcome
                if len(outcomes) >= RECORDED_AT_ONCE or time.monotonic() - told > RECORDED_AFTER:
                    self.record(outcomes)
                    outcomes, told = {}, time.monotonic()
                if self.stop.is_set():
                    break
        finally:
            if close := getattr(carried, "close", None):
                close()
            self.record(outcomes)

    def record(self, outcomes: dict[str, Outcome]) -> None:
        """Commit what became of images, and then apply the rows that wait for them."""
        if not outcomes:
            return

        def write() -> None:
            with self.project.new.engine.begin() as connection:
                manifest.record(connection, self.project.dialect, self.images.name, outcomes)

        self.retried(write)
        with self.lock:
            for digest, outcome in outcomes.items():
                self.digests.pop(outcome.url, None)
                self.under_way.discard(digest)
                if isinstance(outcome, Refused) and outcome.again:
                    self.failed.add(digest)
        arrived = {digest: one for digest, one in outcomes.items() if isinstance(one, Arrived)}
        refused = [one for one in outcomes.values() if isinstance(one, Refused)]
        rows = reapply_waiting_for(self.project, self.images.name, sorted(arrived), self.pool, self.stop)
        with self.lock:
            self.moved = replace(
                self.moved,
                sample=(*self.moved.sample, *arrived.values())[:SAMPLE],
                refused=(*self.moved.refused, *refused)[:SAMPLE],
            )
        self.count(
            transferred=sum(not one.reused for one in arrived.values()),
            reused=sum(one.reused for one in arrived.values()),
            bytes=sum(one.bytes for one in arrived.values() if not one.reused),
            rejected=sum(not one.again for one in refused),
            failed=sum(one.again for one in refused),
            rows_applied=rows,
        )

    def count(self, *, error: str | None = None, **added: int) -> None:
        """Count, and tell."""
        with self.lock:
            counts = {name: getattr(self.moved, name) + number for name, number in added.items()}
            self.moved = replace(self.moved, **counts, seconds=time.monotonic() - self.began, error=error)
        if self.on_moved:
            self.on_moved(self.moved)

    def retried(self, work: Callable[[], T]) -> T:
        """Do it again where another run came in between, or the server asks for it."""

        def tried() -> T:
            for _ in range(5):
                try:
                    return work()
                except exc.IntegrityError:
                    continue  # another run has just entered one of these images
            return work()

        return retried(tried, ChunkSize(), Stop(self.stop), self.project.dialect)
