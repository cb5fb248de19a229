"""Images on web hosts: over kept connections, politely, within the hosts that are allowed, redirects included."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from changeover.images.guard import Forbidden, Guard
from changeover.images.image import Refused, Unchanged, Wanted
from changeover.images.origins.connections import Answer, Connections, Limits, Passing, Place, TooLarge
from changeover.images.origins.origin import Fetched, too_large
from changeover.images.origins.politeness import Politeness, backoff, retry_after
from changeover.images.url import Refusal, normal

REDIRECTS = 5
TRIES = 4
PATIENCE = 60.0
"""Seconds that a host may ask us to wait. One that wants more is left until a later run."""
LONGEST_VALIDATOR = 1_000
"""Characters of an ETag or a date: servers write some forty."""
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_PASSING = frozenset((408, 425, 429, *range(500, 600))) - {501, 505}
"""Proxies in front of old hosts have codes of their own among them (509, 520 to 530); what isn't implemented won't be."""
_PORTS = {"http": 80, "https": 443}
_VISIBLE = re.compile(r"[!-~]+")


@dataclass(frozen=True)
class _Host:
    connections: Connections
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
        authorities: Path | None = None,
    ) -> None:
        """Say who may be asked.

        Parameters:
            guard: which hosts, at which addresses.
            at_once: requests to one host at a time.
            connect_seconds, read_seconds, image_seconds: how long a connection, and TLS on it, a pause in an answer, and all of
                an answer may take.
            tries: attempts at one image before it is left for later.
            authorities: a PEM file of those whom TLS trusts; the system's by default.
        """
        self.guard = guard
        self.at_once, self.tries = at_once, tries
        self.limits = Limits(connect_seconds, read_seconds, image_seconds, authorities)
        self._hosts: dict[tuple[str, str], _Host] = {}
        self._lock = threading.Lock()

    def fetch(self, wanted: Wanted, most: int, stop: threading.Event) -> Fetched | Refused | Unchanged:
        """See `Origin`: attempts with growing waits, as long as it may help."""
        if not _VISIBLE.fullmatch(wanted.url):
            return Refused(wanted.url, "url", "it is not in the normal form")
        for attempt in range(self.tries):
            try:
                return self._follow(wanted, most, stop)
            except TooLarge:
                return too_large(wanted.url, most)
            except Forbidden as refusal:
                return Refused(wanted.url, refusal.reason, refusal.detail)
            except Passing as trouble:
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
            host.connections.close()

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
        host = self._hosts.get((parts.scheme, parts.netloc)) or self._host(parts.scheme, parts.netloc)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        if not host.politeness.enter(stop):
            raise Passing("unreachable", "the run was stopped before it was asked for")
        try:
            answer = host.connections.ask(target, _conditions(wanted), most, stop)
            return self._meaning(answer, url, wanted, host)
        finally:
            host.politeness.leave()

    def _meaning(
        self, answer: Answer, url: str, wanted: Wanted, host: _Host
    ) -> Fetched | Refused | Unchanged | str:
        status, headers = answer.status, answer.headers
        if status == 200:
            if not answer.body and "content-length" not in headers:
                # How a connection looks that was cut right after the head.
                raise Passing("broken", "the connection ended before anything came")
            etag, changed = headers.get("etag"), headers.get("last-modified")
            return Fetched(url, answer.body, _validator(etag), _validator(changed))
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
            raise Passing("busy" if busy else "status", f"the host answered {status}", after)
        if status in (404, 410):
            return Refused(wanted.url, "missing", f"the host answered {status}")
        if status in (401, 403):
            return Refused(wanted.url, "forbidden", f"the host answered {status}")
        return Refused(wanted.url, "status", f"the host answered {status}")

    def _host(self, scheme: str, netloc: str) -> _Host:
        with self._lock:
            found = self._hosts.get((scheme, netloc))
            if found is None:
                parts = urlsplit(f"{scheme}://{netloc}")
                place = Place(scheme, parts.hostname or "", parts.port or _PORTS[scheme])
                connections = Connections(place, self.guard, self.limits)
                found = self._hosts[scheme, netloc] = _Host(connections, Politeness(self.at_once))
        return found


def _validator(header: str | None) -> str | None:
    """What a host says of a version, if it can be kept and said again."""
    return header if header and header.isprintable() and len(header) <= LONGEST_VALIDATOR else None


def _conditions(wanted: Wanted) -> list[bytes]:
    """Headers of a refresh. A validator that could not stand in one line is left out, and the image fetched."""
    said = {"If-None-Match": wanted.etag, "If-Modified-Since": wanted.last_modified}
    return [
        f"{name}: {value}".encode("latin-1")
        for name, value in said.items()
        if _validator(value) and max(value or "") < "\u0100"
    ]
