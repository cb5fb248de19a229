"""What every origin can do."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Protocol

from changeover.images.image import Refused, Unchanged, Wanted


@dataclass(frozen=True)
class Source:
    """An object of an old bucket that the bytes were read from: what a server-side copy needs to name."""

    endpoint: str
    bucket: str
    key: str
    etag: str


@dataclass(frozen=True)
class Fetched:
    """The bytes of an image as the origin has them, and what it says of them. ``final_url`` is where redirects ended."""

    final_url: str
    body: bytes
    etag: str | None = None
    last_modified: str | None = None
    source: Source | None = None


class Origin(Protocol):
    """Gives images' bytes. Used by many threads at once."""

    def fetch(self, wanted: Wanted, most: int, stop: threading.Event) -> Fetched | Refused | Unchanged:
        """The bytes of one image, at most ``most`` of them; ends early, with a refusal to try again, after ``stop`` was set.

        Raises: ChangeoverError when no image at all can be had: wrong credentials, no such bucket;
            `changeover.images.guard.Unresolved` when none of its host can.
        """
        ...

    def close(self) -> None:
        """Give connections back. The origin can be used again afterwards."""
        ...


def too_large(url: str, most: int) -> Refused:
    """The refusal of an image of more bytes than are taken."""
    return Refused(url, "too large", f"it is larger than {most:,} bytes")
