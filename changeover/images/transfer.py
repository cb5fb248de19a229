"""The pool: images fetched, checked and stored by several threads, and told one by one as they end.

What is wanted is taken from the caller's iterator in the caller's own thread, never more than twice the workers ahead of what was
told, so that memory and what a crash leaves undecided are bounded by the workers. There is no state but the bucket's: an image that
was stored and never told is found there by its key the next time.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Iterator
from hashlib import sha256
from queue import Empty, SimpleQueue

from changeover.errors import BucketRefused
from changeover.images.bucket import Bucket, KeyTaken, NotStored
from changeover.images.content import NotTaken, check
from changeover.images.guard import Unresolved
from changeover.images.image import Arrived, Outcome, Refused, Rules, Unchanged, Wanted
from changeover.images.names import KeyScheme, by_content
from changeover.images.origins.origin import Fetched, Origin

WORKERS = 16
GIVEN_UP = 20
"""Images in a row that the bucket did not take: it is out of order, and the others would meet the same."""


def transfer(
    origin: Origin,
    bucket: Bucket,
    rules: Rules,
    wanted: Iterable[Wanted],
    workers: int = WORKERS,
    keys: KeyScheme | None = None,
) -> Transfer:
    """Carry images, ``workers`` at a time, and tell what became of each as it ends. Closing it stops after those under way.

    Parameters: ``keys`` how keys are formed, by content by default.
    Raises: ChangeoverError, after the outcomes that are known, when no other image could be carried: wrong credentials, no bucket.
    """
    return Transfer(_Crew(origin, bucket, rules, keys or by_content(), workers), wanted)


class Transfer(Iterator[Outcome]):
    """What became of images, one by one."""

    def __init__(self, crew: _Crew, wanted: Iterable[Wanted]) -> None:
        self._crew, self._outcomes = crew, _outcomes(crew, wanted)

    def __next__(self) -> Outcome:
        while (told := self.told()) is None:
            continue
        return told

    def told(self) -> Outcome | None:
        """The next outcome; None where `pausing` says so. Raises StopIteration after the last."""
        return next(self._outcomes)

    def pausing(self, seconds: float) -> Pausing:
        """The same outcomes, and None whenever so many seconds have passed without one: the caller may have something to do."""
        self._crew.pause = seconds
        return Pausing(self)

    def close(self) -> list[Arrived]:
        """Stop. Returns the images that were stored and not told of: who forgets them fetches them again."""
        self._outcomes.close()
        return self._crew.untold()


class Pausing(Iterator[Outcome | None]):
    """See `Transfer.pausing`."""

    def __init__(self, transfer: Transfer) -> None:
        self._transfer = transfer

    def __next__(self) -> Outcome | None:
        return self._transfer.told()

    def close(self) -> list[Arrived]:
        """See `Transfer.close`."""
        return self._transfer.close()


def _outcomes(crew: _Crew, wanted: Iterable[Wanted]) -> Generator[Outcome | None]:
    try:
        yield from crew.run(wanted)
    finally:
        crew.end()


def carry(
    origin: Origin, bucket: Bucket, rules: Rules, keys: KeyScheme, wanted: Wanted, stop: threading.Event
) -> Outcome:
    """Carry one image. Raises ChangeoverError as `transfer` does."""
    try:
        fetched = origin.fetch(wanted, rules.max_bytes, stop)
    except Unresolved as trouble:
        return Refused(wanted.url, "unreachable", str(trouble), again=True)
    if not isinstance(fetched, Fetched):
        return fetched
    try:
        image = check(fetched.body, rules)
        digest = sha256(image.body).hexdigest()
        key = keys(wanted.url, digest, image.kind)
        source = fetched.source if image.body is fetched.body else None
        was_there = bucket.store(key, image.body, image.media_type, digest, source)
    except NotTaken as refusal:
        return Refused(wanted.url, refusal.reason, refusal.detail)
    except KeyTaken as taken:
        return Refused(wanted.url, "key taken", str(taken))
    except NotStored as trouble:
        return Refused(wanted.url, "bucket", str(trouble), again=True)
    return Arrived(
        url=wanted.url,
        final_url=fetched.final_url,
        key=key,
        bytes=len(image.body),
        media_type=image.media_type,
        sha256=digest,
        width=image.width,
        height=image.height,
        etag=fetched.etag,
        last_modified=fetched.last_modified,
        reused=was_there,
    )


class _Crew:
    def __init__(self, origin: Origin, bucket: Bucket, rules: Rules, keys: KeyScheme, workers: int) -> None:
        self.pause: float | None = None
        self.origin, self.bucket, self.rules, self.keys = origin, bucket, rules, keys
        self.stop = threading.Event()
        self.asked: SimpleQueue[Wanted | None] = SimpleQueue()
        self.told: SimpleQueue[Outcome | BaseException | None] = SimpleQueue()
        self.threads = [
            threading.Thread(target=self._work, name=f"changeover-images-{n}", daemon=True)
            for n in range(workers)
        ]
        self.ahead = 2 * workers
        self.under_way = self.failed_in_a_row = 0
        self.error: BaseException | None = None

    def run(self, wanted: Iterable[Wanted]) -> Iterator[Outcome | None]:
        """All outcomes. Raises what a worker met, last."""
        for thread in self.threads:
            thread.start()
        for one in wanted:
            self.asked.put(one)
            self.under_way += 1
            while self.under_way >= self.ahead or not self.told.empty():
                yield from self._take()
            if self.error is not None:
                break
        while self.under_way:
            yield from self._take()
        if self.error is not None:
            raise self.error

    def end(self) -> None:
        """Let the workers end what they are at, and nothing more."""
        self.stop.set()
        for _ in self.threads:
            self.asked.put(None)
        for thread in self.threads:
            if thread.ident is not None:
                thread.join()

    def untold(self) -> list[Arrived]:
        """After the end, what was stored and not taken."""
        found: list[Arrived] = []
        while not self.told.empty():
            told = self.told.get()
            if isinstance(told, Arrived):
                found.append(told)
        return found

    def _take(self) -> Iterator[Outcome | None]:
        try:
            told = self.told.get(timeout=self.pause)
        except Empty:
            yield None
            return
        self.under_way -= 1
        if isinstance(told, BaseException):
            self._give_up(told)
        elif told is not None:
            self._count(told)
            yield told

    def _count(self, outcome: Outcome) -> None:
        if isinstance(outcome, (Arrived, Unchanged)):
            self.failed_in_a_row = 0
        elif outcome.reason == "bucket":
            self.failed_in_a_row += 1
            if self.failed_in_a_row >= GIVEN_UP:
                self._give_up(
                    BucketRefused(f"bucket {self.bucket.name}: {outcome.detail}, {GIVEN_UP} times in a row")
                )

    def _give_up(self, error: BaseException) -> None:
        self.error = self.error or error
        self.stop.set()

    def _work(self) -> None:
        while (wanted := self.asked.get()) is not None:
            if self.stop.is_set():
                self.told.put(None)
                continue
            try:
                told = carry(self.origin, self.bucket, self.rules, self.keys, wanted, self.stop)
            except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
                self.told.put(error)
            else:
                self.told.put(told)
