"""The engine in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from assets.watched import watched


def quiet() -> None:
    pass


def test_items_come_in_order_and_the_work_ends() -> None:
    assert list(watched(lambda _: iter(range(100)), quiet, 1, ignored)) == list(range(100))


def test_an_error_of_the_work_is_raised_after_its_items() -> None:
    def work(_: threading.Event) -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    found: list[int] = []
    with pytest.raises(ValueError, match="broken"):
        found.extend(watched(work, quiet, 1, ignored))
    assert found == [1]


def test_whoever_goes_away_waits_until_the_work_has_stopped() -> None:
    stopped = threading.Event()

    def work(stop: threading.Event) -> Iterator[int]:
        yield 1
        stop.wait(30)
        stopped.set()

    items = watched(work, quiet, 1, ignored)
    assert next(items) == 1
    items.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert stopped.is_set()


def test_an_exception_in_the_consumer_stops_the_work_at_its_next_look() -> None:
    chunks: list[int] = []
    paused = threading.Event()

    def work(stop: threading.Event) -> Iterator[int]:
        while not stop.is_set():
            chunks.append(len(chunks))
            paused.wait(0.01)
        yield 1

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(watched(work, interrupted, 0.05, ignored))
    done = len(chunks)
    paused.wait(0.1)
    assert len(chunks) == done


def test_pauses_are_told_while_nothing_comes() -> None:
    release = threading.Event()
    pauses: list[int] = []

    def work(_: threading.Event) -> Iterator[int]:
        release.wait(30)
        yield 1

    def pause() -> None:
        pauses.append(1)
        if len(pauses) == 3:
            release.set()

    assert list(watched(work, pause, 0.01, ignored)) == [1]
    assert len(pauses) >= 3


def test_work_is_stopped_with_the_run_when_nobody_closes_the_iterator() -> None:
    endings: list[Callable[[], None]] = []
    stopped = threading.Event()

    def work(stop: threading.Event) -> Iterator[int]:
        yield 1
        assert stop.wait(60)
        stopped.set()

    items = watched(work, quiet, 1, endings.append)
    assert next(items) == 1
    for ending in endings:
        ending()
    assert stopped.wait(60)
    assert list(items) == []


def ignored(_: Callable[[], None]) -> None:
    """A run that does not end before its work."""
