"""Images on web hosts: over kept connections, politely, within the hosts that are allowed, redirects included."""

from __future__ import annotations

import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException, IncompleteRead
from urllib.parse import urlsplit

from urllib3 import HTTPConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.response import BaseHTTPResponse
from urllib3.util import Timeout

from changeover.images.guard import Forbidden, Guard
from changeover.images.image import Reason, Refused, Unchanged, Wanted
from changeover.images.origins.connections import Deadlines, pool_for
from changeover.images.origins.origin import Fetched, too_large
from changeover.images.origins.politeness import Politeness, backoff, retry_after
from changeover.images.url import Refusal, normal

REDIRECTS = 5
TRIES = 4
PATIENCE = 60.0
"""Seconds that a host may ask us to wait. One that wants more is left until a later run."""
READ_AT_ONCE = 65_536
LONGEST_VALIDATOR = 1_000
"""Characters of an ETag or a date: servers write some forty."""
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_PASSING = frozenset((408, 425, 429, 500, 502, 503, 504))
_PORTS = {"http": 80, "https": 443}
_HEADERS = {"User-Agent": "changeover", "Accept": "image/*,*/*;q=0.5", "Accept-Encoding": "identity"}


class _Passing(Exception):
    """What another attempt may not meet. ``after``: seconds that the host asked us to wait."""

    def __init__(self, reason: Reason, detail: str, after: float | None = None) -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.detail, self.after = detail, after


class _TooLarge(Exception):
    pass


@dataclass(frozen=True)
class _Host:
    pool: HTTPConnectionPool
    politeness: Politeness


class HttpOrigin:
    """Images of the hosts that are allowed. Proxies of the environment are not used: they would connect in the guard's place."""

    def __init__(
        self,
        guard: Guard,
        *,
        at_once: int = 64,
        connect_seconds: float = 10.0,
        read_seconds: float = 20.0,
        image_seconds: float = 120.0,
        tries: int = TRIES,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """Say who may be asked.

        Parameters:
            guard: which hosts, at which addresses.
            at_once: requests to one host at a time.
            connect_seconds, read_seconds, image_seconds: how long a connection, a pause in an answer and an image may take.
            tries: attempts at one image before it is left for later.
            context: what TLS trusts; the system's authorities by default.
        """
        self.guard = guard
        self.at_once, self.tries, self.image_seconds = at_once, tries, image_seconds
        self._timeout = Timeout(connect=connect_seconds, read=read_seconds)
        self._deadlines = Deadlines(image_seconds)
        self._context = context
        self._hosts: dict[tuple[str, str, int], _Host] = {}
        self._lock = threading.Lock()

    def fetch(self, wanted: Wanted, most: int, stop: threading.Event) -> Fetched | Refused | Unchanged:
        """See `Origin`: attempts with growing waits, as long as it may help."""
        for attempt in range(self.tries):
            try:
                return self._follow(wanted, most, stop)
            except _TooLarge:
                return too_large(wanted.url, most)
            except Forbidden as refusal:
                return Refused(wanted.url, refusal.reason, refusal.detail)
            except _Passing as trouble:
                wait = backoff(attempt) if trouble.after is None else trouble.after
                last = attempt + 1 == self.tries
                if last or wait > PATIENCE or stop.wait(0 if trouble.after is not None else wait):
                    return Refused(wanted.url, trouble.reason, trouble.detail, again=True)
        raise AssertionError("unreachable: the last attempt returns")

    def close(self) -> None:
        """See `Origin`."""
        with self._lock:
            hosts, self._hosts = self._hosts, {}
        for host in hosts.values():
            host.pool.close()
        self._deadlines.close()

    def _follow(self, wanted: Wanted, most: int, stop: threading.Event) -> Fetched | Refused | Unchanged:
        url = wanted.url
        for _ in range(REDIRECTS + 1):
            try:
                self.guard.admit(url)
            except Forbidden as refusal:
                reason = refusal.reason if url == wanted.url else "redirect"
                return Refused(wanted.url, reason, refusal.detail)
            found = self._ask(url, wanted, most, stop)
            if not isinstance(found, str):
                return found
            try:
                url = normal(found, url)
            except Refusal as refusal:
                return Refused(
                    wanted.url, "redirect", f"it is redirected to what is no URL of an image: {refusal}"
                )
        return Refused(wanted.url, "redirect", f"it is redirected more than {REDIRECTS} times")

    def _ask(
        self, url: str, wanted: Wanted, most: int, stop: threading.Event
    ) -> Fetched | Refused | Unchanged | str:
        """What one request gave; a string is where it was redirected to."""
        parts = urlsplit(url)
        host = self._host(parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme])
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        if not host.politeness.enter(stop):
            raise _Passing("unreachable", "the run was stopped before it was asked for")
        try:
            response = host.pool.urlopen(
                "GET",
                target,
                headers=_conditional(wanted),
                redirect=False,
                retries=False,
                preload_content=False,
                assert_same_host=False,
                decode_content=False,
            )
            try:
                return self._answer(response, url, wanted, most, host, stop)
            finally:
                _hand_back(response)
        except SSLError:
            raise _Passing(
                "unreachable",
                "TLS failed: no certificate that is trusted for that host, or no common version",
            ) from None
        except NewConnectionError as error:
            raise _Passing("unreachable", f"no connection: {error.args[0].rpartition(': ')[2]}") from None
        except (ConnectTimeoutError, ReadTimeoutError):
            raise _Passing("slow", "the host took too long to answer") from None
        except (HTTPError, HTTPException, OSError) as error:
            raise _broken(error) from None
        finally:
            host.politeness.leave()

    def _answer(
        self,
        response: BaseHTTPResponse,
        url: str,
        wanted: Wanted,
        most: int,
        host: _Host,
        stop: threading.Event,
    ) -> Fetched | Refused | Unchanged | str:
        status, headers = response.status, response.headers
        if status == 200:
            body = self._body(response, most, stop)
            return Fetched(
                url, body, _validator(headers.get("etag")), _validator(headers.get("last-modified"))
            )
        if status == 304 and (wanted.etag or wanted.last_modified):
            return Unchanged(wanted.url)
        if status in _REDIRECTS and headers.get("location"):
            return headers["location"].encode("latin-1", "replace").decode("utf-8", "replace")
        if status in _PASSING:
            after = retry_after(headers.get("retry-after"))
            if status in (429, 503) and after is None:
                after = backoff(1)
            if after is not None and after <= PATIENCE:
                host.politeness.pause(after)
            busy = status in (429, 503)
            raise _Passing("busy" if busy else "status", f"the host answered {status}", after)
        if status in (404, 410):
            return Refused(wanted.url, "missing", f"the host answered {status}")
        if status in (401, 403):
            return Refused(wanted.url, "forbidden", f"the host answered {status}")
        return Refused(wanted.url, "status", f"the host answered {status}")

    def _body(self, response: BaseHTTPResponse, most: int, stop: threading.Event) -> bytes:
        headers = response.headers
        announced = headers.get("content-length", "")
        length = int(announced) if announced.isdecimal() else None
        if length is not None and length > most:
            raise _TooLarge
        until = time.monotonic() + self.image_seconds
        decoded = headers.get("content-encoding", "identity").lower() != "identity"
        parts: list[bytes] = []
        size = 0
        while part := response.read1(READ_AT_ONCE, decode_content=decoded):
            size += len(part)
            if size > most:
                raise _TooLarge
            parts.append(part)
            if size == length and not decoded:
                break
            if stop.is_set():
                raise _Passing("unreachable", "the run was stopped while it was read")
            if time.monotonic() > until:
                raise _Passing("slow", f"it took longer than {self.image_seconds:g} seconds")
        if not parts and not announced:
            # How a connection looks that was cut in the middle of a header.
            raise _Passing("broken", "the connection ended before anything came")
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _host(self, scheme: str, name: str, port: int) -> _Host:
        place = (scheme, name, port)
        found = self._hosts.get(place)
        if found is None:
            with self._lock:
                found = self._hosts.get(place)
                if found is None:
                    pool = pool_for(
                        scheme,
                        name,
                        port,
                        self.guard,
                        self._deadlines,
                        self._timeout,
                        self.at_once,
                        self._context,
                    )
                    found = self._hosts[place] = _Host(pool, Politeness(self.at_once))
        return found


def _validator(header: str | None) -> str | None:
    """What a host says of a version, if it can be kept and said again."""
    return header if header and header.isprintable() and len(header) <= LONGEST_VALIDATOR else None


def _broken(error: Exception) -> _Passing:
    if isinstance(error, IncompleteRead) or any(isinstance(part, IncompleteRead) for part in error.args):
        return _Passing("broken", "the connection ended before the length that was announced")
    return _Passing("unreachable", "the connection broke")


def _conditional(wanted: Wanted) -> dict[str, str]:
    headers = dict(_HEADERS)
    if wanted.etag:
        headers["If-None-Match"] = wanted.etag
    if wanted.last_modified:
        headers["If-Modified-Since"] = wanted.last_modified
    return headers


def _hand_back(response: BaseHTTPResponse) -> None:
    """A connection whose answer was read to its end is kept; any other is closed, as nobody knows how much would follow."""
    if not response.closed:
        with suppress(HTTPError, HTTPException, OSError, RuntimeError):
            response.read1(READ_AT_ONCE, decode_content=False)  # the few words beside a status
    response.close()
    response.release_conn()
