"""How hard one host may be asked: so many requests at a time, and none before the moment that it named itself."""

from __future__ import annotations

import random
import threading
import time
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

SHORTEST, LONGEST = 0.25, 20.0
"""Seconds between two attempts at first, and at most where the host says nothing."""


class Politeness:
    """The turns that one host grants. Whoever meets a 429 makes all the others wait as well."""

    def __init__(self, at_once: int) -> None:
        self._turns = threading.BoundedSemaphore(at_once)
        self._not_before = 0.0

    def enter(self, stop: threading.Event) -> bool:
        """Wait for a turn; False after ``stop`` was set."""
        while not self._turns.acquire(timeout=0.5):
            if stop.is_set():
                return False
        while (wait := self._not_before - time.monotonic()) > 0:
            if stop.wait(wait):
                break
        if stop.is_set():
            self._turns.release()
            return False
        return True

    def leave(self) -> None:
        """Give the turn back."""
        self._turns.release()

    def pause(self, seconds: float) -> None:
        """Ask nothing for so long."""
        self._not_before = max(self._not_before, time.monotonic() + seconds)


def backoff(attempt: int) -> float:
    """Seconds to wait after attempt number ``attempt`` (from 0): doubled each time, with jitter."""
    return min(LONGEST, SHORTEST * 2**attempt) * random.uniform(0.5, 1.5)


def retry_after(header: str | None) -> float | None:
    """Seconds that a Retry-After header asks for, given as such or as a date; None where it says nothing."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=timezone.utc)
    return max(0.0, (when - datetime.now(timezone.utc)).total_seconds())
