"""How large a GIF becomes: its first bytes say one size, and each frame may lie beyond it."""

from __future__ import annotations

import struct

_HEAD = 13
_DESCRIPTOR = 10


def canvas(body: bytes) -> tuple[int, int]:
    """Width and height, in pixels, of what a decoder has to allocate for the largest frame. Of a broken file, as far as it goes."""
    if len(body) < _HEAD:
        return 0, 0
    width, height = struct.unpack_from("<HH", body, 6)
    at = _HEAD + _colours(body[10])
    while at < len(body):
        block = body[at : at + 1]
        if block == b";":
            break
        if block == b"!":
            at = _after(body, at + 2)
        elif block == b"," and at + _DESCRIPTOR <= len(body):
            left, top, wide, high = struct.unpack_from("<HHHH", body, at + 1)
            width, height = max(width, left + wide), max(height, top + high)
            at = _after(body, at + _DESCRIPTOR + _colours(body[at + 9]) + 1)
        else:
            at += 1  # decoders pass over what means nothing
    return width, height


def _colours(flags: int) -> int:
    """Bytes of the table of colours that the flags announce."""
    return 3 * (2 << (flags & 7)) if flags & 0x80 else 0


def _after(body: bytes, at: int) -> int:
    """The end of a row of blocks, each of which says its length first; the last one is empty."""
    while at < len(body) and body[at]:
        at += body[at] + 1
    return at + 1
