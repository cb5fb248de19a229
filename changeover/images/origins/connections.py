"""HTTP connections that are opened by the guard, and whose answer has to begin in time."""

from __future__ import annotations

import itertools
import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.response import HTTPResponse
from urllib3.util import Timeout

from changeover.images.guard import Guard


class Deadlines:
    """Cuts connections whose time is up: a host that sends a header a letter at a time never meets a socket's own time-out."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._numbers = itertools.count()
        self._running: dict[int, tuple[float, socket.socket]] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def begin(self, connected: socket.socket) -> int:
        """Note that the connection's time runs; the number to end it by."""
        number = next(self._numbers)
        self._running[number] = (time.monotonic() + self.seconds, connected)
        if self._thread is None:
            self._start()
        return number

    def end(self, number: int) -> bool:
        """Count its time no longer; whether it was still in time."""
        return self._running.pop(number, None) is not None

    def close(self) -> None:
        """Stop watching until the next connection."""
        with self._lock:
            thread, self._thread = self._thread, None
            self._closed.set()
        if thread is not None:
            thread.join()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._closed = threading.Event()
                self._thread = threading.Thread(
                    target=self._watch, args=(self._closed,), name="changeover-images-deadlines", daemon=True
                )
                self._thread.start()

    def _watch(self, closed: threading.Event) -> None:
        while not closed.wait(min(1.0, self.seconds / 4)):
            now = time.monotonic()
            for number, (until, connected) in list(self._running.items()):
                if now > until:
                    self.end(number)
                    _cut(connected)


def _cut(connected: socket.socket) -> None:
    with suppress(OSError):  # it ended by itself meanwhile
        connected.shutdown(socket.SHUT_RDWR)


def pool_for(
    scheme: str,
    host: str,
    port: int,
    guard: Guard,
    deadlines: Deadlines,
    timeout: Timeout,
    most: int,
    context: ssl.SSLContext | None,
) -> HTTPConnectionPool:
    """The connections to one host, at most ``most`` at a time."""
    common: dict[str, Any] = {"maxsize": most, "block": True, "timeout": timeout, "retries": False}
    pool = (
        HTTPSConnectionPool(host, port, ssl_context=context, **common)
        if scheme == "https"
        else HTTPConnectionPool(host, port, **common)
    )
    pool.conn_kw["guard"] = guard
    pool.conn_kw["deadlines"] = deadlines
    pool.ConnectionCls = _GuardedTLS if scheme == "https" else _Guarded  # type: ignore[assignment]
    return pool


def _opened(connection: HTTPConnection, guard: Guard) -> socket.socket:
    timeout = connection.timeout
    try:
        opened = guard.connect(
            connection.host, connection.port, timeout if timeout is None else float(timeout)
        )
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, "the host took too long to answer") from error
    except OSError as error:
        raise NewConnectionError(connection, error.strerror or "no connection") from error
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


class _Guarded(HTTPConnection):
    def __init__(self, *arguments: Any, guard: Guard, deadlines: Deadlines, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._guard, self._deadlines = guard, deadlines

    def _new_conn(self) -> socket.socket:
        return _opened(self, self._guard)

    def getresponse(self) -> HTTPResponse:
        assert self.sock is not None
        number = self._deadlines.begin(self.sock)
        in_time = False
        try:
            response = super().getresponse()
        finally:
            in_time = self._deadlines.end(number)
        if not in_time:  # a header that was cut looks like one that ended
            response.close()
            raise TimeoutError
        return response


class _GuardedTLS(HTTPSConnection):
    """The name that TLS verifies is the URL's, whatever address the guard connected to."""

    def __init__(self, *arguments: Any, guard: Guard, deadlines: Deadlines, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._guard, self._deadlines = guard, deadlines

    def _new_conn(self) -> socket.socket:
        return _opened(self, self._guard)

    def getresponse(self) -> HTTPResponse:
        assert self.sock is not None
        number = self._deadlines.begin(self.sock)
        in_time = False
        try:
            response = super().getresponse()
        finally:
            in_time = self._deadlines.end(number)
        if not in_time:  # a header that was cut looks like one that ended
            response.close()
            raise TimeoutError
        return response
