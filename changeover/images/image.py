"""What is wanted of an image, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["jpeg", "png", "webp", "gif", "svg", "avif", "bmp"]
"""Kinds of images that can be told by their content and checked."""
KINDS: tuple[Kind, ...] = get_args(Kind)

Reason = Literal[
    "url",  # it is none that could be fetched
    "host",  # not among the allowed ones
    "address",  # the host's name leads to an address that is not public
    "redirect",  # too many, or to where images may not be fetched from
    "missing",  # the origin has no such image
    "forbidden",  # the origin wants credentials
    "status",  # the origin answered with anything else that is no image
    "unreachable",  # no connection, or it broke
    "busy",  # the origin asked to come back later than we wait
    "slow",  # it took longer than an image may
    "too large",  # in bytes
    "too many pixels",
    "no image",  # text, HTML, nothing at all
    "kind",  # an image, of a kind that isn't allowed
    "broken",  # it can't be decoded to its end
    "svg",  # it holds what no image needs, and SVG is refused or could not be cleaned
    "bucket",  # the bucket did not take it this time
    "key taken",  # other bytes are stored under its key
]
"""Why an image was refused, as it is kept and counted; the detail is a sentence beside it."""


@dataclass(frozen=True)
class Rules:
    """Which images are taken.

    ``max_bytes`` bounds what is read of one. ``max_pixels`` bounds width times height, ``max_frames`` an animation, whose frames
    together may have ten times the pixels.
    """

    kinds: tuple[Kind, ...] = ("jpeg", "png", "webp", "gif", "svg")
    max_bytes: int = 20_000_000
    max_pixels: int = 50_000_000
    max_frames: int = 1_000
    svg: Literal["sanitise", "refuse"] = "sanitise"


@dataclass(frozen=True)
class Wanted:
    """An image to move: its URL in the normal form, and on a refresh what the origin said of the bytes known so far."""

    url: str
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class Arrived:
    """An image in the bucket, found there by its length and checksum.

    ``bytes``, ``sha256`` (hex) and ``media_type`` are of what is stored, which for a sanitised SVG is not what was fetched.
    ``width`` and ``height`` are in pixels, None for an SVG that doesn't say. ``etag`` and ``last_modified`` are the origin's.
    ``reused``: the same bytes were in the bucket already, so that nothing was uploaded.
    """

    url: str
    final_url: str
    key: str
    bytes: int
    media_type: str
    sha256: str
    width: int | None
    height: int | None
    etag: str | None = None
    last_modified: str | None = None
    reused: bool = False


@dataclass(frozen=True)
class Refused:
    """An image that can't be had. ``again``: the trouble may pass, so another attempt is worth while later."""

    url: str
    reason: Reason
    detail: str
    again: bool = False


@dataclass(frozen=True)
class Unchanged:
    """An image of which the origin says, on a refresh, that it is as it was."""

    url: str


Outcome = Arrived | Refused | Unchanged
