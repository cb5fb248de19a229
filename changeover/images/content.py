"""What bytes are: the kind by their first bytes, the size by decoding all of them. Names and content types are not asked."""

from __future__ import annotations

import re
import struct
import threading
import zlib
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from io import BytesIO
from itertools import islice

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from changeover.images import gif, svg
from changeover.images.image import Kind, Reason, Rules

MEDIA_TYPES: dict[Kind, str] = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "svg": "image/svg+xml",
    "avif": "image/avif",
    "bmp": "image/bmp",
}
ALL_FRAMES = 10
"""An animation's frames together may have so many times the pixels of one image."""

SCANS = 100
"""Of a progressive JPEG: each goes over all of the image, in as little as ten bytes. Encoders write some ten."""

_SCAN = re.compile(b"\xff\xda")
_LARGE_PIXELS = 8_000_000
_LARGE = threading.BoundedSemaphore(2)
"""Images that take more than some 30 MB to decode are decoded two at a time, whatever the number of workers."""

# Made directly: no other decoder is asked, and Pillow's own bound of pixels, one for the whole process, does not come in.
_DECODERS: dict[Kind, type[ImageFile.ImageFile]] = {
    "jpeg": JpegImagePlugin.JpegImageFile,
    "png": PngImagePlugin.PngImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
    "gif": GifImagePlugin.GifImageFile,
    "avif": AvifImagePlugin.AvifImageFile,
    "bmp": BmpImagePlugin.BmpImageFile,
}

_GARBLED = (
    *(OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, KeyError, AttributeError),
    *(OverflowError, RuntimeError, MemoryError, struct.error, zlib.error),
)
"""What decoders raise for data that makes no sense."""

_OTHERS = (
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"\0\0\1\0", "icon"),
    (b"8BPS", "Photoshop"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"%PDF", "PDF"),
)


class NotTaken(Exception):
    """Bytes that are no image, or none that is taken. ``reason`` and ``detail`` are for `Refused`."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Checked:
    """An image that was decoded to its end. ``body`` is what may be stored; ``width`` and ``height`` are pixels."""

    kind: Kind
    body: bytes
    width: int | None
    height: int | None

    @property
    def media_type(self) -> str:
        """What it is stored as."""
        return MEDIA_TYPES[self.kind]


def check(body: bytes, rules: Rules) -> Checked:
    """Look at all of an image. Raises NotTaken."""
    kind = kind_of(body)
    if kind not in rules.kinds:
        raise NotTaken("kind", f"it is a {kind.upper()} image, and only {', '.join(rules.kinds)} are taken")
    if kind == "svg":
        return _svg(body, rules)
    if kind == "webp" and struct.unpack("<I", body[4:8])[0] + 8 > len(body):
        raise NotTaken("broken", "it is shorter than it says itself")
    try:
        width, height = _decode(body, kind, rules)
    except NotTaken:
        raise
    except Image.DecompressionBombError:
        raise _too_many(rules) from None
    except _GARBLED as error:
        raise NotTaken("broken", f"it can't be decoded to its end: {_words(error)}") from None
    return Checked(kind, body, width, height)


def kind_of(body: bytes) -> Kind:
    """The kind of an image by its first bytes. Raises NotTaken for anything else, saying what it looks like."""
    if body.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "webp"
    if body.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if body[4:12] in (b"ftypavif", b"ftypavis"):
        return "avif"
    if body.startswith(b"BM") and len(body) > 26:
        return "bmp"
    if svg.looks_like(body):
        return "svg"
    raise _no_image(body)


def _no_image(body: bytes) -> NotTaken:
    if not body:
        return NotTaken("no image", "it is empty")
    for start, name in _OTHERS:
        if body.startswith(start):
            return NotTaken("kind", f"it is {name}, which is not taken")
    if body[4:8] == b"ftyp":
        return NotTaken("kind", "it is HEIC or a film, which is not taken")
    start = body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<script")) or b"<html" in start:
        return NotTaken("no image", "it is an HTML page")
    if start.startswith((b"<", b"{", b"[")) or start[:64].decode("utf-8", "ignore").isprintable():
        return NotTaken("no image", "it is text")
    return NotTaken("no image", "its first bytes are those of no image")


def _decode(body: bytes, kind: Kind, rules: Rules) -> tuple[int, int]:
    with _DECODERS[kind](BytesIO(body)) as image:
        width, height = image.size
        # Frames of a GIF may be larger than it says at its start.
        wide, high = gif.canvas(body) if kind == "gif" else image.size
        pixels = max(width * height, wide * high)
        if pixels > rules.max_pixels:
            raise _too_many(rules)
        frames = int(getattr(image, "n_frames", 1))
        if frames > rules.max_frames:
            raise NotTaken("too many pixels", f"it has more than {rules.max_frames} frames")
        if frames * pixels > ALL_FRAMES * rules.max_pixels:
            raise NotTaken("too many pixels", "its frames together have too many pixels")
        if kind == "jpeg":
            if next(islice(_SCAN.finditer(body), SCANS, None), None):  # a third of the time of counting them
                raise NotTaken("too many pixels", f"it has more than {SCANS} scans")
            # An eighth of each side, brightness alone: all bytes are still read, at a fraction of the work.
            image.draft("L", (max(1, width // 8), max(1, height // 8)))
            if not image.info.get(
                "progressive"
            ):  # which is held in memory as a whole, however small it is drawn
                pixels = image.size[0] * image.size[1]
        with _room_for(pixels):
            image.load()
            for frame in range(1, frames):
                image.seek(frame)
                image.load()
        return width, height


def _room_for(pixels: int) -> AbstractContextManager[object]:
    return _LARGE if pixels > _LARGE_PIXELS else nullcontext()


def _too_many(rules: Rules) -> NotTaken:
    return NotTaken("too many pixels", f"it has more than {rules.max_pixels:,} pixels")


def _words(error: BaseException) -> str:
    """A decoder's own words where they say more than a name."""
    if not isinstance(error, OSError):
        return "its data makes no sense"
    text = str(error).partition(" (")[0]
    return text if text and len(text) < 100 and "BytesIO" not in text else "its data makes no sense"


def _svg(body: bytes, rules: Rules) -> Checked:
    try:
        clean, width, height = svg.sanitised(body)
    except svg.Unclean as error:
        raise NotTaken(error.reason, str(error)) from None
    if rules.svg == "refuse":
        raise NotTaken("svg", "SVG images are refused")
    if width and height and width * height > rules.max_pixels:
        raise _too_many(rules)
    return Checked("svg", clean, width, height)
