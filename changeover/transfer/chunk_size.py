"""How many roots the next chunk has: as many as fit a time and a size, since both locks and memory are held for a chunk.

The size is of canonical text. 4 MB keep a worker under 100 MB above its libraries; half a second keeps a table lock far below
the second after which an applier would fall behind. Beyond 10,000 rows a chunk gains nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from changeover.binding import Bound

SECONDS = 0.5
BYTES = 4_000_000
FEWEST, MOST, FIRST = 1, 10_000, 1_000
FIRST_OF_MANY = 50
"""Where a row may name any number of images: each takes a kilobyte while its chunk is worked on, so that 1,000 rows of 1,000 images
would take a gigabyte before anybody knows how large they are."""


def first(bounds: Iterable[Bound], rows: int = FIRST) -> int:
    """How many roots of these mappings to begin with: ``rows``, or fewer where each may name many images."""
    many = any(one.image.form != "url" for bound in bounds for one in bound.images)
    return min(rows, FIRST_OF_MANY) if many else rows


@dataclass
class ChunkSize:
    """Adapts to what the last chunk took. ``rows`` is what to ask for next."""

    rows: int = FIRST
    most: int = MOST

    def took(self, size: int, seconds: float) -> None:
        """Learn from the last chunk: ``size`` bytes and ``seconds`` for the roots that were asked for.

        Grows at most fourfold, so that a change in the rows' width is met by one chunk that is too large, not by a row of them.
        """
        by_time = self.rows * SECONDS / max(seconds, 1e-6)
        by_size = self.rows * BYTES / max(size, 1)
        self.rows = int(max(FEWEST, min(by_time, by_size, self.rows * 4, self.most)))

    def too_large(self) -> None:
        """The server could not send so many rows at once."""
        self.rows = max(FEWEST, self.rows // 4)

    def too_slow(self) -> None:
        """A server gave up a statement for its time: fewer rows now, and never so many again."""
        self.most = max(FEWEST, self.rows // 2)
        self.too_large()
