"""Trying a chunk again: be the victim of lock waits and deadlocks, outlast a server's restart, ask for fewer rows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import tenacity
from sqlalchemy import exc

from changeover.dialects import BlockTooLarge, Dialect
from changeover.transfer.chunk_size import FEWEST, ChunkSize

TRIES = 30
"""With waits that grow to 5 s, about two minutes: longer than a server's restart, shorter than an operator's patience."""

T = TypeVar("T")


@dataclass(frozen=True)
class Stop:
    """Ends waiting between tries as soon as a stop is asked for."""

    event: threading.Event

    def sleep(self, seconds: float) -> None:
        """Wait, unless asked to stop."""
        self.event.wait(seconds)


def retried(work: Callable[[], T], size: ChunkSize, stop: Stop, *dialects: Dialect) -> T:
    """Run ``work`` until it succeeds, with jitter in between.

    A block that is too large, or a statement that takes too long, makes ``size`` smaller.
    Raises the last error after `TRIES`, or at once when it isn't transient.
    """

    def again(error: BaseException) -> bool:
        if isinstance(error, BlockTooLarge):
            if size.rows <= FEWEST:
                return False
            size.too_large()
            return True
        if stop.event.is_set() or not isinstance(error, exc.DBAPIError):
            return False
        troubles = {dialect.trouble(error) for dialect in dialects}
        if "slow" in troubles:
            least = size.rows <= FEWEST
            size.too_slow()
            return not least
        return error.connection_invalidated or "transient" in troubles

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(again),
        stop=tenacity.stop_after_attempt(TRIES),
        wait=tenacity.wait_random_exponential(multiplier=0.05, max=5),
        sleep=stop.sleep,
        reraise=True,
    )(work)
