"""What is applied at once, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from changeover.keyset.key import KeyValues
from changeover.ledger.image_waits import Wait
from changeover.ledger.rejects import Reject


@dataclass(frozen=True)
class Span:
    """All roots with keys in ``(lower, upper]``."""

    lower: KeyValues | None
    upper: KeyValues


@dataclass(frozen=True)
class Keys:
    """Some roots, by their encoded keys. One that doesn't exist is a root that is gone."""

    encoded: tuple[str, ...]


Selection = Span | Keys


_COUNTS = ("rows_read", "inserted", "updated", "unchanged", "deleted", "rejected", "due", "bytes")


@dataclass
class Applied:
    """Counts of one application, over all targets of its roots. ``rows_read`` counts roots.

    ``due`` is what inserted, updated, unchanged and rejected rows must add up to, counted before anything is written: a row for
    each root key and each target whose filter lets it pass, and one for each root that is gone and whose row has to stay.

    ``followers`` are roots of other mappings, (mapping's name, encoded key), whose shared row lost a source: they are to be
    applied next, and are in the ledger as waiting until they are. ``waits`` are the
    images that rows wait for. ``seconds`` are those from having the tables' locks to the commit.
    """

    rows_read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    rejected: int = 0
    due: int = 0
    bytes: int = 0
    seconds: float = 0.0
    followers: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    waits: list[Wait] = field(default_factory=list[Wait])
    left: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    """Roots, (mapping's number, encoded key), that no longer lead to the row which they shared."""

    def add(self, other: Applied) -> None:
        """Count another application in."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.followers.extend(other.followers)
        self.waits.extend(other.waits)
        self.left.extend(other.left)

    def counts(self) -> dict[str, int]:
        """The counts by the names of the ledger's columns."""
        return {name: int(getattr(self, name)) for name in _COUNTS}


@dataclass(frozen=True)
class ChunkDone:
    """A committed chunk, for progress displays. ``seconds`` from taking the lock to the commit."""

    root: str
    range: str
    rows_read: int
    inserted: int
    updated: int
    unchanged: int
    deleted: int
    rejected: int
    due: int
    bytes: int
    seconds: float


Rejects = list[Reject]
