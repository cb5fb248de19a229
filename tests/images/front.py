"""What stands in front of a real S3 server and answers in its place, or loses its answers, as it is told to."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

Meddling = Callable[["Handler"], bool]
"""Whether it has answered the request itself."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def front(self) -> Front:
        assert isinstance(self.server, Front)
        return self.server

    def forward(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.front.lock:
            self.front.asked.append(f"{self.command} {self.path}")
        if self.front.meddling(self):
            return
        status, headers, body = self.pass_on()
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("transfer-encoding", "connection", "server", "date"):
                self.send_header(name, value)
        if self.command != "HEAD" and not any(name.lower() == "content-length" for name, _ in headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = forward  # noqa: N815

    def pass_on(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """The real server's answer. The Host header stays: it is part of what was signed."""
        connection = http.client.HTTPConnection(self.front.behind, timeout=120)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("connection", "expect"):
                    connection.putheader(name, value)
            connection.endheaders(self.body)
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()

    def refuse(self, status: int, code: str) -> bool:
        body = (
            f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>secret words</Message></Error>".encode()
        )
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        return True

    def drop(self) -> bool:
        """The answer is lost on its way."""
        self.close_connection = True
        self.connection.close()
        return True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        pass


class Front(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, endpoint: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behind = urlsplit(endpoint).netloc
        self.meddling: Meddling = lambda _: False
        self.asked: list[str] = []
        self.lock = threading.Lock()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None: ...


@contextmanager
def in_front_of(endpoint: str) -> Generator[Front]:
    front = Front(endpoint)
    thread = threading.Thread(target=front.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield front
    finally:
        front.shutdown()
        thread.join()
        front.server_close()


def first(times: int, meddle: Meddling, command: str = "PUT") -> Meddling:
    """Meddle with the first requests of a kind, and let the others pass."""
    left = [times]
    lock = threading.Lock()

    def meddling(handler: Handler) -> bool:
        with lock:
            if handler.command != command or not left[0]:
                return False
            left[0] -= 1
        return meddle(handler)

    return meddling
