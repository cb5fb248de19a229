"""PUT and HEAD of one object by libcurl, which signs them as well: the ordinary case, for half of what other clients take.

Nothing is judged here and nothing is tried again. Whoever gets another answer than the ordinary one asks again by a client that
knows S3's errors and has patience.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote

import pycurl
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError

from changeover.images import tls

CONNECT_SECONDS, SECONDS = 10, 120
UNSIGNED = b"x-amz-content-sha256: UNSIGNED-PAYLOAD"
"""The checksum of a PUT is signed, and is one of the payload."""


class Said(NamedTuple):
    """An answer's status, 0 where none came, and what it says of the object."""

    status: int
    etag: str = ""
    size: int = -1


class Signed:
    """Asks for the objects of a bucket. Used by many threads at once, each of which has a connection to itself while it asks."""

    def __init__(
        self, endpoint: str, bucket: str, region: str, credentials: Callable[[], ReadOnlyCredentials]
    ) -> None:
        """Open it; nothing is asked yet. ``credentials`` is asked each time, so that they may change."""
        self.root = f"{endpoint.rstrip('/')}/{quote(bucket)}/"
        self.region, self.credentials = region, credentials
        self._idle: deque[_Handle] = deque()

    def put(self, key: str, body: bytes, headers: dict[str, str]) -> Said:
        """Store bytes under a key, with headers that are signed."""
        return self._ask(key, body, headers)

    def head(self, key: str) -> Said:
        """Look at what is stored under a key."""
        return self._ask(key, None, {})

    def _ask(self, key: str, body: bytes | None, headers: dict[str, str]) -> Said:
        if {".", ".."} & set(key.split("/")):
            return Said(0)  # libcurl would make another key of it
        try:
            who = self.credentials()
        except BotoCoreError:
            return Said(0)
        lines = [UNSIGNED, *(f"{name}: {value}".encode() for name, value in headers.items())]
        if who.token:
            lines.append(f"x-amz-security-token: {who.token}".encode())
        try:
            handle = self._idle.pop()
        except IndexError:
            handle = _Handle(self.region)
        try:
            return handle.ask(self.root + quote(key, safe="/"), who, lines, body)
        finally:
            self._idle.append(handle)


class _Handle:
    def __init__(self, region: str) -> None:
        self._lines: list[bytes] = []
        self._curl: Any = pycurl.Curl()
        settings: dict[int, object] = {
            pycurl.PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS,
            pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_1_1,
            pycurl.AWS_SIGV4: f"aws:amz:{region}:s3",
            pycurl.FOLLOWLOCATION: False,
            pycurl.MAXCONNECTS: 1,
            pycurl.NOSIGNAL: True,
            pycurl.CONNECTTIMEOUT: CONNECT_SECONDS,
            pycurl.TIMEOUT: SECONDS,
            pycurl.HEADERFUNCTION: self._lines.append,
            pycurl.WRITEFUNCTION: len,  # an error's words, which are not read
        }
        for option, value in settings.items():
            self._curl.setopt(option, value)
        tls.trust(self._curl)

    def ask(self, url: str, who: ReadOnlyCredentials, lines: list[bytes], body: bytes | None) -> Said:
        """One request: a PUT where there is a body, else a HEAD."""
        curl = self._curl
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.USERNAME, who.access_key)
        curl.setopt(pycurl.PASSWORD, who.secret_key)
        if body is None:
            curl.unsetopt(pycurl.CUSTOMREQUEST)
            curl.setopt(pycurl.NOBODY, True)
        else:
            curl.setopt(pycurl.NOBODY, False)
            curl.setopt(pycurl.POSTFIELDS, body)
            curl.setopt(pycurl.CUSTOMREQUEST, "PUT")
            lines.append(b"Expect:")  # the body is sent at once, whatever its size
        curl.setopt(pycurl.HTTPHEADER, lines)
        self._lines.clear()
        try:
            curl.perform()
        except pycurl.error:
            return Said(0)
        finally:
            if body:
                curl.setopt(pycurl.POSTFIELDS, b"")  # a large image is not held until the next one
        return Said(
            curl.getinfo(pycurl.RESPONSE_CODE),
            self._etag(),
            curl.getinfo(pycurl.CONTENT_LENGTH_DOWNLOAD_T),
        )

    def _etag(self) -> str:
        for line in self._lines:
            if line[:5].lower() == b"etag:":
                return line[5:].strip().decode("latin-1")
        return ""
