"""The normal form of an image's URL."""

from __future__ import annotations

from hashlib import sha256
from urllib.parse import quote, urljoin, urlsplit, urlunsplit


class Refusal(ValueError):
    """No URL of an image."""


def normal(text: str, base: str = "") -> str:
    """The absolute URL. Raises Refusal."""
    parts = urlsplit(urljoin(base, text.strip()))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refusal("it is no URL of http or https")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    return urlunsplit((parts.scheme, parts.netloc.lower(), path, parts.query, ""))


def digest(url: str) -> bytes:
    """The manifest's key."""
    return sha256(url.encode()).digest()
