"""One batch of images: what is wanted of them is taken and carried, what became of each is committed, and the rows that wait for it
are applied again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import TypeVar

from sqlalchemy import exc

from changeover.errors import ChangeoverError
from changeover.image_sets.carrier import Carrier
from changeover.image_sets.lease import Lease
from changeover.image_sets.moved import ImagesMoved, OnMoved, Rejected
from changeover.image_sets.reapply import reapply_due
from changeover.image_sets.walk import Page
from changeover.images.image import Arrived, Outcome, Refused, Wanted
from changeover.ledger import image_audit, image_waits
from changeover.ledger import images as manifest
from changeover.ledger.ranges import KeyRange
from changeover.mapping import ImageSet
from changeover.project import Project
from changeover.transfer.chunk_size import ChunkSize
from changeover.transfer.id_pool import Pool
from changeover.transfer.retry import Stop, retried

T = TypeVar("T")

RECORDED_AT_ONCE, RECORDED_AFTER = 500, 2.0
"""Images, or seconds, after which what became of them is committed: a kill costs no more than these a second fetch."""
OTHERS_SECONDS = 0.5
"""Between two looks at images that another run moves."""
SAMPLE = 12
"""Images and rejects that are shown."""


@dataclass
class Batch:
    """Moves the images of some pages. ``moved`` is what became of them so far."""

    project: Project
    images: ImageSet
    pages: Iterator[Page]
    moved: ImagesMoved
    carrier: Carrier
    pool: Pool
    stop: threading.Event
    rejected: bool = False
    refresh: bool = False
    """The pages are of stored images, whose origins are asked whether they are what they were."""
    on_moved: OnMoved | None = None
    digests: dict[str, str] = field(default_factory=dict[str, str])
    """Of the images under way, by URL."""
    under_way: set[str] = field(default_factory=set[str])
    refused: dict[str, bool] = field(default_factory=dict[str, bool])
    """Images that this run could not have, and whether another run might: they are not tried twice in it."""
    others: set[str] = field(default_factory=set[str])
    """Images that another run moves."""
    rejects: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """Why some images were rejected, by digest: at most `SAMPLE` of them."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    """What is wanted may be found out in another thread than what became of it."""

    def __post_init__(self) -> None:
        self.began = time.monotonic()

    def run(self) -> ImagesMoved:
        """Move them. What fails says why, and doesn't stop others."""
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
            found = self.moved.range
            where = f", range {found.name} of {found.root}" if found else ""
            error = f"images {self.images.name}{where}: {self.explained(failed, found)}"
        self.count(error=error)
        self.moved = replace(self.moved, rejects=tuple(self.shown()))
        return self.moved

    def wanted(self, lease: Lease) -> Iterator[Wanted]:
        """What is to be carried, page by page; all that the manifest knows as stored is passed over."""
        for page in self.pages:
            if self.refresh:
                self.count(referenced=len(page.named))
                yield from self.taken(lease, [one.digest for one in page.named])
                continue
            left = self.retried(partial(self.enter, page)) if page.named else []
            again = {one.digest for one in left if one.state == "rejected" and not self.rejected}
            self.note((one.digest, one.reason or "", one.error or "") for one in left if one.digest in again)
            refused = self.not_stored(page.refused)
            self.note((digest, "url", why) for digest, why in refused.items())
            todo = {one.digest for one in left} - again
            self.count(
                rows=page.rows,
                referenced=len(page.named) + len(page.refused),
                known=len(page.named) - len(left) + len(page.refused) - len(refused),
                rejected=len(again) + len(refused),
            )
            # In the order of the rows, so that those at the front are whole first.
            yield from self.taken(lease, [one.digest for one in page.named if one.digest in todo])

    def enter(self, page: Page) -> list[manifest.Open]:
        with self.project.new.engine.begin() as connection:
            return manifest.enter(connection, self.project.dialect, self.images.name, page.named)

    def not_stored(self, refused: dict[str, str]) -> dict[str, str]:
        """Those of the texts that may not be fetched, without images that were moved while they might, and are there."""
        if not refused:
            return refused
        with self.project.new.engine.begin() as connection:
            states = manifest.states_of(connection, self.images.name, sorted(refused))
            lost = {digest: why for digest, why in refused.items() if states.get(digest) == "lost"}
            image_audit.not_fetched(connection, self.images.name, lost)
        return {
            digest: why for digest, why in refused.items() if states.get(digest) not in ("stored", "changed")
        }

    def taken(self, lease: Lease, digests: list[str]) -> Iterator[Wanted]:
        """Take what nobody else has taken. What another chunk named before counts as what became of it there."""
        with self.lock:
            refused = [self.refused[one] for one in digests if one in self.refused]
            wanted = [
                one
                for one in digests
                if one not in self.under_way and one not in self.refused and one not in self.others
            ]
        self.count(
            known=len(digests) - len(wanted) - len(refused),
            rejected=refused.count(False),
            failed=refused.count(True),
        )
        if not wanted:
            return

        def take() -> list[manifest.Taken]:
            with self.project.new.engine.begin() as connection:
                return lease.take(connection, self.images.name, wanted, self.states)

        place = {digest: n for n, digest in enumerate(wanted)}
        mine = sorted(self.retried(take), key=lambda one: place[one.digest])
        self.others |= set(wanted) - {one.digest for one in mine}
        with self.lock:
            self.under_way.update(one.digest for one in mine)
            self.digests.update((one.url, one.digest) for one in mine)
        for one in mine:
            # A lost image is wanted whatever its origin says of it; of a stored one, only what is new.
            yield Wanted(one.url, one.etag, one.last_modified) if self.refresh else Wanted(one.url)

    @property
    def states(self) -> tuple[str, ...]:
        """Which images are moved."""
        if self.refresh:
            return ("stored", "changed")
        return ("wanted", "lost", "rejected") if self.rejected else ("wanted", "lost")

    def left_by_others(self, lease: Lease) -> Iterator[Wanted]:
        """What another run has stored is known; what it gave up, or left when it was killed, is taken."""
        digests = sorted(self.others)
        with self.project.reading() as connection:
            states = manifest.states_of(connection, self.images.name, digests)
        stored = [digest for digest in digests if states.get(digest) in ("stored", "changed")]
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
                if outcome is not None:
                    outcomes[self.digests[outcome.url]] = outcome
                if len(outcomes) >= RECORDED_AT_ONCE or time.monotonic() - told > RECORDED_AFTER:
                    self.record(outcomes)
                    outcomes, told = {}, time.monotonic()
                if self.stop.is_set():
                    break
        finally:
            close: Callable[[], Iterable[Arrived] | None] | None = getattr(carried, "close", None)
            untold = close() if close else None
            outcomes.update((self.digests[one.url], one) for one in untold or ())
            self.record(outcomes)

    def record(self, outcomes: dict[str, Outcome]) -> None:
        """Commit what became of images, and then apply the rows that wait for them."""
        if not outcomes:
            return
        self.retried(partial(self.recorded, outcomes))
        with self.lock:
            for digest, outcome in outcomes.items():
                self.digests.pop(outcome.url, None)
                self.under_way.discard(digest)
                if isinstance(outcome, Refused):
                    self.refused[digest] = outcome.again
        arrived = {digest: one for digest, one in outcomes.items() if isinstance(one, Arrived)}
        refused = {digest: one for digest, one in outcomes.items() if isinstance(one, Refused)}
        self.note((digest, one.reason, one.detail) for digest, one in refused.items() if not one.again)
        settled = sorted({*arrived, *refused})
        rows = reapply_due(self.project, self.images.name, settled, self.pool, self.stop)
        with self.lock:
            self.moved = replace(
                self.moved,
                sample=(*self.moved.sample, *arrived.values())[:SAMPLE],
            )
        self.count(
            known=len(outcomes) - len(arrived) - len(refused),
            transferred=sum(not one.reused for one in arrived.values()),
            reused=sum(one.reused for one in arrived.values()),
            bytes=sum(one.bytes for one in arrived.values() if not one.reused),
            rejected=sum(not one.again for one in refused.values()),
            failed=sum(one.again for one in refused.values()),
            rows_applied=rows,
        )

    def recorded(self, outcomes: dict[str, Outcome]) -> None:
        with self.project.new.engine.begin() as connection:
            manifest.record(connection, self.project.dialect, self.images.name, outcomes)

    def note(self, rejected: Iterable[tuple[str, str, str]]) -> None:
        """Keep a sample of what was rejected: digest, reason and detail."""
        for digest, reason, detail in rejected:
            if len(self.rejects) >= SAMPLE:
                return
            self.rejects[digest] = (reason, detail)

    def shown(self) -> list[Rejected]:
        """The sample, by the rows that name the images, or without them where none was copied yet."""
        if not self.rejects:
            return []
        with self.project.reading() as connection:
            notes = image_waits.naming(connection, self.images.name, list(self.rejects), SAMPLE)
        targets = {b.id: b.mapping.target for move in self.project.moves.values() for b in move.bounds}
        found = [
            Rejected(targets[number], key, column, *self.rejects[digest])
            for number, key, column, digest in notes
            if number in targets
        ]
        named = {digest for _, _, _, digest in notes}
        found += [Rejected("", "", "", *why) for digest, why in self.rejects.items() if digest not in named]
        return found[:SAMPLE]

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

    def explained(self, error: exc.DBAPIError, found: KeyRange | None) -> str:
        """Why a database refused a statement."""
        database = self.project.move(found.root).database if found else next(iter(self.project.old))
        return self.project.explain(error, database)
