"""What is wanted of an image, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Rules:
    """Which images are taken."""

    kinds: tuple[str, ...] = ("jpeg", "png", "webp", "gif", "svg")
    max_bytes: int = 20_000_000
    max_pixels: int = 50_000_000
    svg: Literal["sanitise", "refuse"] = "sanitise"


@dataclass(frozen=True)
class Wanted:
    """An image to move, by its URL in the normal form."""

    url: str
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class Arrived:
    """An image in the bucket."""

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
    """An image that can't be had."""

    url: str
    reason: str
    detail: str
    again: bool


@dataclass(frozen=True)
class Unchanged:
    """An image that is as it was."""

    url: str


Outcome = Arrived | Refused | Unchanged
