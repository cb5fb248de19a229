"""Ctrl-C: the first asks for a stop after the current chunk, the second leaves at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """While entered, SIGINT and SIGTERM set ``event`` in the place of raising KeyboardInterrupt.

    A second signal ends the process as it stands. That loses nothing but time: an open chunk is rolled back by its
    database, and its range goes on after the last one that was committed.
    """

    def __init__(self, what: str = "chunks") -> None:
        self.what = what
        self.event = threading.Event()
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Stopping:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._stop) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _stop(self, number: int, _: FrameType | None) -> None:
        if self.event.is_set():
            cursor = b"\x1b[?25h" if sys.stderr.isatty() else b""  # a live display hides it
            os.write(
                2,
                cursor
                + f"\nleft at once; the same command goes on after its last committed {self.what}\n".encode(),
            )
            os._exit(128 + number)
        self.event.set()
        # Written past the live display, whose lock the interrupted code may hold.
        os.write(2, f"\nstopping after the current {self.what}; Ctrl-C again leaves at once\n".encode())
