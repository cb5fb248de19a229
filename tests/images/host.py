"""An old image host that misbehaves as it is told to, on the loopback interface."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Behaviour = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """One request; behaviours write to it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def host(self) -> Host:
        assert isinstance(self.server, Host)
        return self.server

    def do_GET(self) -> None:
        self.host.note(self)
        behaviour = self.host.paths.get(self.path, status(404, b"<html>nothing here"))
        with suppress(OSError):
            behaviour(self)

    def answer(self, code: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def raw(self, text: bytes) -> None:
        """Bytes that are no whole answer; the connection ends afterwards."""
        self.wfile.write(text)
        self.wfile.flush()
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        pass


class Host(ThreadingHTTPServer):
    """What it answers, by path and query, and what it was asked."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.paths: dict[str, Behaviour] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.connections = 0
        self.at_once = self.most_at_once = 0
        self.ending = threading.Event()
        self._lock = threading.Lock()

    @property
    def port(self) -> int:
        return self.server_address[1]

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def process_request(self, request: socket.socket, client_address: str) -> None:  # type: ignore[override]
        self.connections += 1
        super().process_request(request, client_address)

    def note(self, handler: Handler) -> None:
        with self._lock:
            self.asked.append((handler.path, {k.lower(): v for k, v in handler.headers.items()}))

    def count(self, path: str) -> int:
        return sum(asked == path for asked, _ in self.asked)

    def handle_error(self, request: object, client_address: object) -> None: ...


@contextmanager
def misbehaving() -> Generator[Host]:
    host = Host()
    thread = threading.Thread(target=host.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield host
    finally:
        host.ending.set()
        host.shutdown()
        thread.join()
        host.server_close()


def body(content: bytes, **headers: str) -> Behaviour:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.answer(200, content, named)


def status(code: int, content: bytes = b"", **headers: str) -> Behaviour:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.answer(code, content, named)


def redirect(to: str, code: int = 302) -> Behaviour:
    return status(code, b"moved", Location=to)


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """One after the other, the last one for ever."""
    left = list(behaviours)
    lock = threading.Lock()

    def behave(handler: Handler) -> None:
        with lock:
            now = left.pop(0) if len(left) > 1 else left[0]
        now(handler)

    return behave


def cut_off(content: bytes) -> Behaviour:
    """Announces all of it, sends half."""
    return lambda handler: handler.raw(
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content[: len(content) // 2]
    )


def cut_off_chunks(content: bytes) -> Behaviour:
    """A chunked body that ends before its last chunk."""
    half = content[: len(content) // 2]
    return lambda handler: handler.raw(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(content) + half
    )


def endless(start: bytes) -> Behaviour:
    """A body without a length that never ends."""

    def behave(handler: Handler) -> None:
        handler.raw(b"HTTP/1.1 200 OK\r\n\r\n" + start)
        while not handler.host.ending.is_set():
            handler.wfile.write(b"\0" * 65_536)

    return behave


def dripping(text: bytes, seconds: float = 0.05) -> Behaviour:
    """A letter at a time: never silent for long, and never done."""

    def behave(handler: Handler) -> None:
        handler.close_connection = True
        for letter in text:
            if handler.host.ending.wait(seconds):
                return
            handler.wfile.write(bytes((letter,)))

    return behave


def slammed() -> Behaviour:
    """The connection is reset."""

    def behave(handler: Handler) -> None:
        handler.close_connection = True
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        handler.connection.close()

    return behave


def silent() -> Behaviour:
    """Nothing comes until the host ends."""

    def behave(handler: Handler) -> None:
        handler.close_connection = True
        handler.host.ending.wait()

    return behave


def counted(inner: Behaviour, at_once: int, seconds: float = 0.05) -> Behaviour:
    """Notes how many requests are answered at once; none is before there are ``at_once``, and others have time to come."""
    together = threading.Barrier(at_once, timeout=120)

    def behave(handler: Handler) -> None:
        host = handler.host
        with host._lock:
            host.at_once += 1
            host.most_at_once = max(host.most_at_once, host.at_once)
        together.wait()
        time.sleep(seconds)
        with host._lock:
            host.at_once -= 1
        inner(handler)

    return behave
