"""What is known of a range under verification for one mapping, however much of it differs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from changeover.drift.rows import Looked
from changeover.transfer.differing import Differing, DriftKind

MOST_LISTED = 1_000
"""Rows of a range that are told by their keys. Where more differ they are counted, and the range is mended as a whole: the ledger
and this program's memory stay small when a whole table has drifted."""


@dataclass
class Tally:
    """``old`` are the rows that there should be. ``more`` counts, by kind, rows that differ beyond those listed in ``drifted``, and
    ``more_hot`` those with changes under way beyond those in ``hot``."""

    old: int = 0
    by_value: int = 0
    rejected: int = 0
    drifted: dict[str, Differing] = field(default_factory=dict[str, Differing])
    more: Counter[str] = field(default_factory=Counter[str])
    hot: set[str] = field(default_factory=set[str])
    more_hot: int = 0
    false_sums: int = 0

    @property
    def compared(self) -> int:
        """Rows that there should be, and that were compared."""
        return max(0, self.old - self.rejected - self.hot_rows)

    @property
    def hot_rows(self) -> int:
        """Rows that could not be compared, for changes under way."""
        return len(self.hot) + self.more_hot

    @property
    def found(self) -> int:
        """Rows that there is something to say about."""
        return len(self.drifted) + self.more.total() + self.hot_rows + self.rejected

    def count(self, kind: DriftKind) -> int:
        """Rows that differ, of a kind."""
        return sum(row.kind == kind for row in self.drifted.values()) + self.more[kind]

    def take(self, found: Looked) -> None:
        """Count rows that were compared by value."""
        self.by_value += found.old
        self.rejected += found.rejected
        for row in found.drifted:
            if row.key in self.drifted or len(self.drifted) < MOST_LISTED:
                self.drifted[row.key] = row
            else:
                self.more[row.kind] += 1
        room = max(0, MOST_LISTED - len(self.hot))
        self.hot.update(found.hot[:room])
        self.more_hot += len(found.hot[room:])

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            **vars(self),
            "more": dict(self.more),
            "hot": sorted(self.hot),
            "drifted": [[row.key, row.kind, list(row.columns)] for row in self.drifted.values()],
        }

    @classmethod
    def restored(cls, document: dict[str, Any]) -> Tally:
        """What `document` gave."""
        rows = [Differing(key, kind, tuple(columns)) for key, kind, columns in document["drifted"]]
        return cls(
            old=document["old"],
            by_value=document["by_value"],
            rejected=document["rejected"],
            drifted={row.key: row for row in rows},
            more=Counter(document["more"]),
            hot=set(document["hot"]),
            more_hot=document["more_hot"],
            false_sums=document["false_sums"],
        )
