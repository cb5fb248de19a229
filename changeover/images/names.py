"""The keys that images are stored under. Each scheme holds the sha256 of the bytes, so one key never means two images."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from changeover.images.image import Kind

KeyScheme = Callable[[str, str, Kind], str]
"""The image's URL in its normal form, the sha256 of the bytes in hex, the kind -> the key."""

EXTENSIONS: dict[Kind, str] = {
    "jpeg": "jpg",
    "png": "png",
    "webp": "webp",
    "gif": "gif",
    "svg": "svg",
    "avif": "avif",
    "bmp": "bmp",
}
LONGEST = 1_024
"""Bytes of a key that S3 takes."""
LONGEST_PREFIX = 256
DIGEST = 16
"""Digits of the sha256 in a readable key: 64 bits, which two images with one path never share by chance."""

_UNFIT = re.compile(r"[^\w.\-/]+")


def by_content(prefix: str = "") -> KeyScheme:
    """``<prefix>ab/cd/<sha256>.jpg``: identical bytes are one object, whatever URLs they have.

    Raises: ValueError for a prefix that not every server takes.
    """
    _check(prefix)

    def key(url: str, sha256: str, kind: Kind) -> str:  # noqa: ARG001 - one signature for all schemes
        return f"{prefix}{sha256[:2]}/{sha256[2:4]}/{sha256}.{EXTENSIONS[kind]}"

    return key


def by_path(prefix: str = "") -> KeyScheme:
    """``<prefix>product/07/상품_000007_1-<16 digits>.jpg``: the old URL's path as people read it, and the content's digits.

    Letters of every script stay, in composed form; whatever else would have to be escaped somewhere is a ``_``.
    Raises: ValueError for a prefix that not every server takes.
    """
    _check(prefix)

    def key(url: str, sha256: str, kind: Kind) -> str:
        path = unicodedata.normalize("NFC", unquote(urlsplit(url).path, errors="replace"))
        segments = [part.strip(".") for part in _UNFIT.sub("_", path).split("/")]
        name = "/".join(filter(None, segments))
        stem, dot, extension = name.rpartition(".")
        known = dot and extension.lower() in (*EXTENSIONS.values(), "jpeg")
        tail = f"-{sha256[:DIGEST]}.{EXTENSIONS[kind]}"
        room = LONGEST - len(prefix.encode()) - len(tail)
        shown = (stem if known else name).encode()[:room].decode(errors="ignore")
        return f"{prefix}{shown or 'image'}{tail}"

    return key


def _check(prefix: str) -> None:
    segments = prefix.split("/")
    if (
        {"", ".", ".."} & set(segments[:-1])
        or not prefix.isprintable()
        or len(prefix.encode()) > LONGEST_PREFIX
    ):
        raise ValueError(
            f"the prefix of keys is {prefix!r}: expected something like product/, without a slash at its start or two in a row, "
            f"of at most {LONGEST_PREFIX} bytes"
        )
