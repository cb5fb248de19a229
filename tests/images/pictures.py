"""Small real images."""

from __future__ import annotations

import random
from io import BytesIO

from PIL import Image

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="40" height="30"/></svg>'


def picture(kind: str = "jpeg", seed: int = 0, size: tuple[int, int] = (40, 30)) -> bytes:
    """An image of a kind; another one for each seed."""
    if kind == "svg":
        return SVG.replace(b"</svg>", b"<title>%d</title></svg>" % seed)
    image = noise(seed, size)
    out = BytesIO()
    image.save(out, kind.upper())
    return out.getvalue()


def animation(kind: str, frames: int, size: tuple[int, int] = (20, 20)) -> bytes:
    """An animated GIF or WebP."""
    first, *others = [noise(n, size) for n in range(frames)]
    out = BytesIO()
    first.save(out, kind.upper(), save_all=True, append_images=others)
    return out.getvalue()


def noise(seed: int, size: tuple[int, int]) -> Image.Image:
    """Pixels that don't compress, so that every part of a file holds some of them."""
    return Image.frombytes("RGB", size, random.Random(seed).randbytes(size[0] * size[1] * 3))
