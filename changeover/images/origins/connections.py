"""Connections to one host: opened by the guard, spoken over by libcurl, kept for the next request where the host agrees.

libcurl resolves no name and opens no socket: where it wants a connection it is handed the socket that the guard has opened to a
checked address. A handle of libcurl stays with one host for good and keeps one connection, so that none is ever used for another
name.
"""

from __future__ import annotations

import select
import socket
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import pycurl

from changeover.images import tls
from changeover.images.guard import Guard
from changeover.images.image import Reason

SMALL = 65_536
"""Bytes of an answer that is no image, which are read so that the connection can be kept."""
READ_AT_ONCE = 65_536
NOWHERE = "192.0.2.1"
"""An address that nobody has (RFC 5737). It stands where libcurl would look up a name, and is never connected to."""
_HEADERS = [b"User-Agent: changeover", b"Accept: image/*,*/*;q=0.5"]
_TLS = frozenset((pycurl.E_SSL_CONNECT_ERROR, pycurl.E_PEER_FAILED_VERIFICATION, pycurl.E_SSL_CACERT_BADFILE))
_NO_HTTP = frozenset((pycurl.E_UNSUPPORTED_PROTOCOL, pycurl.E_FTP_WEIRD_SERVER_REPLY))


class Passing(Exception):
    """What another attempt may not meet. ``after``: seconds that the host asked us to wait."""

    def __init__(self, reason: Reason, detail: str, after: float | None = None) -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.detail, self.after = detail, after


class TooLarge(Exception):
    """The body has more bytes than are taken."""


@dataclass(frozen=True)
class Place:
    """A scheme, a host's name and its port."""

    scheme: str
    name: str
    port: int

    @property
    def url(self) -> str:
        """The root of the host."""
        shown = f"[{self.name}]" if ":" in self.name else self.name
        return f"{self.scheme}://{shown}:{self.port}/"


@dataclass(frozen=True)
class Limits:
    """Seconds that a connection, TLS, a pause in an answer and an answer may take; ``authorities`` a PEM file that TLS trusts."""

    connect: float
    pause: float
    answer: float
    authorities: Path | None = None


@dataclass(frozen=True)
class Answer:
    """What a host has answered, header names in lower case. ``body`` counts for status 200 alone."""

    status: int
    headers: dict[str, str]
    body: bytes


class Connections:
    """The connections to a host. Used by many threads at once, each of which has one to itself while it asks."""

    def __init__(self, place: Place, guard: Guard, limits: Limits) -> None:
        self.place, self.guard, self.limits = place, guard, limits
        self._idle: deque[_Connection] = deque()

    def ask(self, target: str, conditions: list[bytes], most: int, stop: threading.Event) -> Answer:
        """Ask for a path and query, with headers beside the usual ones, for at most ``most`` bytes.

        Raises: Forbidden; Passing; TooLarge.
        """
        try:
            connection = self._idle.pop()  # the one used last, which the host has most likely kept as well
        except IndexError:
            connection = _Connection(self.place, self.guard, self.limits)
        try:
            return connection.ask(target, conditions, most, stop)
        finally:
            self._idle.append(connection)

    def close(self) -> None:
        """Close those that nobody uses."""
        while self._idle:
            self._idle.pop().close()


class _Connection:
    def __init__(self, place: Place, guard: Guard, limits: Limits) -> None:
        self.place, self.guard, self.limits = place, guard, limits
        self._opened: socket.socket | None = None
        self._descriptor = -1
        self._wanted = False
        self._lines: list[bytes] = []
        self._parts: list[bytes] = []
        self._size = self._most = 0
        self._stop = threading.Event()
        self._conditions: list[bytes] = []
        self._curl = curl = pycurl.Curl()
        for option, value in self._settings().items():
            curl.setopt(option, value)
        tls.trust(curl, limits.authorities)

    def ask(self, target: str, conditions: list[bytes], most: int, stop: threading.Event) -> Answer:
        self._most, self._stop = most, stop
        self._curl.setopt(pycurl.REQUEST_TARGET, target)
        self._curl.setopt(pycurl.MAXFILESIZE_LARGE, most)
        self._curl.setopt(pycurl.FRESH_CONNECT, not _is_quiet(self._descriptor))
        if conditions != self._conditions:
            self._curl.setopt(pycurl.HTTPHEADER, [*_HEADERS, *conditions])
            self._conditions = conditions
        code = self._performed()
        if self._wanted:  # the first request, or one whose kept connection the host has closed meanwhile
            self._open()
            code = self._performed()
        answer = self._answered()
        if answer is not None and (code == pycurl.E_OK or answer.status != 200):
            return answer  # whatever ended the few words beside a status
        raise self._trouble(code)

    def close(self) -> None:
        self._curl.close()

    def _settings(self) -> dict[int, object]:
        limits = self.limits
        return {
            pycurl.URL: self.place.url,
            pycurl.PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS,
            pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_1_1,
            pycurl.HTTPHEADER: _HEADERS,
            pycurl.ACCEPT_ENCODING: "identity",  # and what comes encoded nevertheless is decoded
            pycurl.FOLLOWLOCATION: False,
            pycurl.PROXY: "",  # none of the environment either: it would connect in the guard's place
            pycurl.NETRC: pycurl.NETRC_IGNORED,
            pycurl.CONNECT_TO: [f"::{NOWHERE}:{self.place.port}"],
            pycurl.OPENSOCKETFUNCTION: self._hand_over,
            pycurl.SOCKOPTFUNCTION: lambda *_: pycurl.SOCKOPT_ALREADY_CONNECTED,
            pycurl.MAXCONNECTS: 1,
            pycurl.NOSIGNAL: True,
            pycurl.CONNECTTIMEOUT_MS: _milliseconds(limits.connect),
            pycurl.LOW_SPEED_LIMIT: 1,
            pycurl.LOW_SPEED_TIME: max(1, round(limits.pause)),
            pycurl.TIMEOUT_MS: _milliseconds(limits.answer),
            pycurl.BUFFERSIZE: READ_AT_ONCE,
            pycurl.HEADERFUNCTION: self._lines.append,
            pycurl.WRITEFUNCTION: self._take,
        }

    def _open(self) -> None:
        try:
            opened = self.guard.connect(self.place.name, self.place.port, self.limits.connect)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except TimeoutError:
            raise Passing("slow", "the host took too long to answer") from None
        except OSError as error:
            raise Passing("unreachable", f"no connection: {error.strerror or 'no address'}") from None
        self._opened = opened

    def _hand_over(self, purpose: int, address: object) -> int:  # noqa: ARG002 - that address is NOWHERE
        """The descriptor of the socket that was opened, for libcurl to own; none, which ends the request, before it was opened."""
        opened, self._opened = self._opened, None
        if opened is None:
            self._wanted = True
            return pycurl.SOCKET_BAD
        self._descriptor = opened.detach()
        return self._descriptor

    def _performed(self) -> int:
        self._wanted = False
        self._lines.clear()
        self._parts.clear()
        self._size = 0
        try:
            self._curl.perform()
        except pycurl.error as error:
            return int(error.args[0])
        finally:
            if self._opened is not None:
                self._opened.close()
                self._opened = None
        return pycurl.E_OK

    def _take(self, part: bytes) -> int | None:
        """Keep a part of the body; -1 ends the request."""
        if not self._size:
            head = _last_head(self._lines)
            if head is None or _status(head[0]) != b"200":
                self._most = min(self._most, SMALL)
        self._size += len(part)
        if self._size > self._most or self._stop.is_set():
            return -1
        self._parts.append(part)
        return None

    def _answered(self) -> Answer | None:
        """The answer, as far as its body came; None where not even its head is whole."""
        head = _last_head(self._lines)
        status = int(self._curl.getinfo(pycurl.RESPONSE_CODE))
        if head is None or status < 200:
            return None
        pairs = (line.decode("latin-1").partition(":") for line in head[1:])
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        return Answer(status, headers, b"".join(self._parts))

    def _trouble(self, code: int) -> Exception:
        if self._stop.is_set():
            return Passing("unreachable", "the run was stopped while it was read")
        if self._size > self._most or code == pycurl.E_FILESIZE_EXCEEDED:
            return TooLarge()
        if code == pycurl.E_PARTIAL_FILE:
            return Passing("broken", "the connection ended before the length that was announced")
        if code == pycurl.E_OPERATION_TIMEDOUT:
            if self._curl.getinfo(pycurl.TOTAL_TIME) < self.limits.answer:
                return Passing("slow", "the host took too long to answer")
            return Passing("slow", f"it took longer than {self.limits.answer:g} seconds")
        if code in _TLS:
            return Passing(
                "unreachable",
                "TLS failed: no certificate that is trusted for that host, or no common version",
            )
        if code == pycurl.E_BAD_CONTENT_ENCODING:
            return Passing("unreachable", "its Content-Encoding is unknown, or its bytes are not encoded so")
        if code in _NO_HTTP:
            return Passing("unreachable", "what the host answered is no HTTP that can be read")
        return Passing("unreachable", "the connection broke")


def _last_head(lines: list[bytes]) -> list[bytes] | None:
    """The status and the headers of an answer, without those of status 1xx before it and what follows its body; None if cut off."""
    begins = 0
    for number, line in enumerate(lines):
        if not line.strip():
            if number > begins and not _status(lines[begins]).startswith(b"1"):
                return lines[begins:number]
            begins = number + 1
    return None


def _status(line: bytes) -> bytes:
    """An answer's status by its first line; empty where that is none."""
    words = line.split(None, 2)
    return words[1] if len(words) > 1 else b""


def _is_quiet(descriptor: int) -> bool:
    """Whether a kept connection says nothing unasked: libcurl takes it for the next answer when a second has not passed yet."""
    if descriptor < 0:
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return not poll.poll(0)


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
