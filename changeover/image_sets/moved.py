"""What became of some images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from changeover.images.image import Arrived
from changeover.ledger.ranges import KeyRange


@dataclass(frozen=True)
class Rejected:
    """A row that keeps an old URL, and why. ``table``, ``key`` and ``column`` are empty where no row was copied that names the
    image."""

    table: str
    key: str
    column: str
    reason: str
    detail: str


@dataclass(frozen=True)
class ImagesMoved:
    """What became of a range's images, or, without a range, of those that rows wait for.

    ``referenced`` counts each image once a chunk, and is the sum of what follows, unless the run ended before. ``known`` of them
    were stored already, or are moved for another chunk or by another run; ``transferred`` are new in the bucket, and ``reused``
    were found there by their bytes; ``rejected`` are none, or too large, or may not be fetched; ``failed`` could not be had this
    time. ``rows_applied`` counts rows that waited for them.
    """

    range: KeyRange | None
    image_set: str
    rows: int = 0
    referenced: int = 0
    known: int = 0
    transferred: int = 0
    reused: int = 0
    rejected: int = 0
    failed: int = 0
    bytes: int = 0
    rows_applied: int = 0
    seconds: float = 0.0
    sample: tuple[Arrived, ...] = ()
    rejects: tuple[Rejected, ...] = ()
    error: str | None = None

    @property
    def settled(self) -> bool:
        """Each of its images is stored or rejected."""
        return self.error is None and not self.failed


OnMoved = Callable[[ImagesMoved], None]
