"""The pictures behind the old image host's URLs: real files, the same for the same path, no two paths with the same bytes.

As on any host of that age, some are gone, some are cut off in the middle, some answer with a page that says so, and what a name
ends with is not always what the file is.
"""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from io import BytesIO
from urllib.parse import unquote

from PIL import Image, ImageDraw

SIZES = ((320, 240), (240, 320), (400, 300))
SCENES = 12
"""Different pictures of each kind; a comment with the path makes each file another one."""

_COLOURS = ("#d6455d", "#e8a33d", "#4c9f70", "#3f6fb5", "#7d56a8", "#2b7a78")
_PAGE = "<!doctype html><html><body>요청하신 이미지를 찾을 수 없습니다.</body></html>".encode()


@dataclass(frozen=True)
class Answer:
    """What the host answers: a status, what it says the type is, and the body."""

    status: int
    content_type: str
    body: bytes


def answer(path: str) -> Answer:
    """The answer to a path of a URL, without the query. A path that no sample holds is answered like the others."""
    name = unquote(path)
    dice = int.from_bytes(blake2b(name.encode(errors="replace"), digest_size=8).digest(), "big")
    trouble, kind_dice = dice % 1000, dice >> 10
    if trouble < 6:
        return Answer(404, "text/html; charset=utf-8", _PAGE)
    if trouble < 9:
        return Answer(200, "text/html; charset=utf-8", _PAGE)
    kind = _kind(name, kind_dice)
    body = _COMMENTED[kind](_scene(kind, (dice >> 20) % SCENES), name.encode(errors="replace"))
    if trouble < 12:
        body = body[: len(body) * 2 // 3]
    return Answer(200, _TYPES[name.rpartition(".")[2].lower()], body)


_TYPES = {"jpg": "image/jpeg", "png": "image/png", "gif": "image/gif"}


def _kind(name: str, dice: int) -> str:
    ending = name.rpartition(".")[2].lower()
    if ending == "jpg":
        return "webp" if dice % 12 == 0 else "jpeg"
    if ending == "png":
        return "svg" if dice % 8 == 0 else "png"
    return "gif" if dice % 20 else "jpeg"


@cache
def _scene(kind: str, number: int) -> bytes:
    width, height = SIZES[number % len(SIZES)]
    first, second = _COLOURS[number % len(_COLOURS)], _COLOURS[(number // 2 + 3) % len(_COLOURS)]
    if kind == "svg":
        return _drawing(width, height, first, second).encode()
    image = Image.new("RGB", (width, height), first)
    draw = ImageDraw.Draw(image)
    for ring in range(8, 0, -1):
        left, top, reach = width * (number + 2) // 16, height // 2, ring * height // 18
        draw.ellipse(
            (left - reach, top - reach, left + reach, top + reach), fill=second if ring % 2 else first
        )
    if kind == "jpeg":
        grain = Image.frombytes("L", image.size, random.Random(number).randbytes(width * height))
        image = Image.blend(image, grain.convert("RGB"), 0.08)
    out = BytesIO()
    image.save(out, kind.upper())
    return out.getvalue()


def _drawing(width: int, height: int, first: str, second: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" onload="track()">'
        f'<rect width="100%" height="100%" fill="{first}"/>'
        f'<circle cx="{width // 2}" cy="{height // 2}" r="{height // 3}" fill="{second}"/>'
        "<script>track()</script></svg>"
    )


def _jpeg(picture: bytes, comment: bytes) -> bytes:
    return picture[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + picture[2:]


def _png(picture: bytes, comment: bytes) -> bytes:
    return picture[:-12] + _png_chunk(b"tEXt", b"Comment\0" + comment) + picture[-12:]


def _png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _gif(picture: bytes, comment: bytes) -> bytes:
    block = comment[:255]
    return picture[:-1] + b"\x21\xfe" + bytes((len(block),)) + block + b"\0" + picture[-1:]


def _webp(picture: bytes, comment: bytes) -> bytes:
    chunk = b"NOTE" + struct.pack("<I", len(comment)) + comment + b"\0" * (len(comment) % 2)
    return b"RIFF" + struct.pack("<I", len(picture) - 8 + len(chunk)) + picture[8:] + chunk


def _svg(picture: bytes, comment: bytes) -> bytes:
    title = comment.replace(b"&", b"&amp;").replace(b"<", b"&lt;")
    return picture.replace(b"<rect", b"<title>" + title + b"</title><rect", 1)


_COMMENTED: dict[str, Callable[[bytes, bytes], bytes]] = {
    "jpeg": _jpeg,
    "png": _png,
    "gif": _gif,
    "webp": _webp,
    "svg": _svg,
}
