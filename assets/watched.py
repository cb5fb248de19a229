"""The engine at work in a thread of its own: the step's thread stays free for Dagster's events, its log, its stop.

Dagster stops a run by raising in the step's thread. Raised inside the engine it could strike anywhere; here
it strikes where nothing is held, and the engine is asked to stop, which it does after its current chunks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import Empty, Queue
from typing import Generic, TypeVar

Item = TypeVar("Item")


class _End(Generic[Item]):
    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def watched(
    work: Callable[[threading.Event], Iterator[Item]],
    on_pause: Callable[[], None],
    seconds: float,
    at_end: Callable[[Callable[[], None]], None],
) -> Iterator[Item]:
    """The items of ``work(stop)``, as they come; ``on_pause`` is called whenever ``seconds`` passed without one.

    Whoever stops consuming, by an exception or by closing the iterator, sets ``stop`` and waits until the work has ended. Dagster
    may also drop the iterator without closing it, when it is stopped while it stores an event: ``at_end`` takes what is to be
    called when the run's resources go.
    Raises: what the work raises.
    """
    stop = threading.Event()
    at_end(stop.set)
    items: Queue[Item | _End[Item]] = Queue()

    def run() -> None:
        error: BaseException | None = None
        try:
            for item in work(stop):
                items.put(item)
        except BaseException as raised:  # noqa: BLE001  # handed to the consumer
            error = raised
        items.put(_End(error))

    worker = threading.Thread(target=run, name="changeover")
    worker.start()
    try:
        while True:
            try:
                item = items.get(timeout=seconds)
            except Empty:
                on_pause()
                continue
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        stop.set()
        worker.join()
