"""Forced interleavings: a thread stops at a point, another goes on, and no test sleeps."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

SECONDS = 120
"""After which a test fails instead of hanging."""


class Gate:
    """The first thread that comes stops until the gate is opened; later ones pass."""

    def __init__(self) -> None:
        self._reached, self._open, self._lock = threading.Event(), threading.Event(), threading.Lock()
        self._used = False

    def __call__(self) -> None:
        with self._lock:
            first, self._used = not self._used, True
        if first:
            self._reached.set()
            assert self._open.wait(SECONDS), "nobody opened the gate"

    def wait(self) -> None:
        """Until a thread stands at the gate."""
        assert self._reached.wait(SECONDS), "nobody came to the gate"

    def open(self) -> None:
        """Let it go on."""
        self._open.set()


class Background:
    """Work in a thread of its own; `result` waits for it and raises what it raised."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work, self._result, self._error = work, None, None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result = self._work()
        except BaseException as error:  # noqa: BLE001 - raised again by `result`
            self._error = error

    def result(self) -> Any:
        self._thread.join(SECONDS)
        assert not self._thread.is_alive(), "still running"
        if self._error:
            raise self._error
        return self._result

    def ends_within(self, seconds: float) -> bool:
        """Whether it ends soon; for showing that it doesn't."""
        self._thread.join(seconds)
        return not self._thread.is_alive()


def after(patch: pytest.MonkeyPatch, owner: Any, name: str, then: Callable[..., object]) -> None:
    """Call ``then`` (with the same arguments) whenever ``owner.name`` has returned."""
    work = getattr(owner, name)

    def wrapped(*args: Any, **kw: Any) -> Any:
        result = work(*args, **kw)
        then(*args, **kw)
        return result

    patch.setattr(owner, name, wrapped)


def before(patch: pytest.MonkeyPatch, owner: Any, name: str, first: Callable[..., object]) -> None:
    """Call ``first`` (with the same arguments) whenever ``owner.name`` is called."""
    work = getattr(owner, name)

    def wrapped(*args: Any, **kw: Any) -> Any:
        first(*args, **kw)
        return work(*args, **kw)

    patch.setattr(owner, name, wrapped)
