"""What comparing all tables came to, old against new, value by value. Dagster's run compares; the ledger tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from changeover.ledger.ranges import ranges_of
from changeover.ledger.verified import Verified, verified
from changeover.ledger.whole import WHOLE
from changeover.project import Project


@dataclass(frozen=True)
class Compared:
    """A mapping's rows, and whether all of its ranges were compared. ``old`` rows are those that there should be."""

    root: str
    target: str
    old: int
    same: int
    different: int
    missing: int
    extra: int
    rejected: int
    whole: bool

    @property
    def equal(self) -> bool:
        """All of it was compared, and is the same."""
        return self.whole and self.same == self.old and not self.extra


def compared_since(project: Project, since: datetime) -> Iterator[Compared]:
    """What was compared since then, of each mapping."""
    for move in project.moves.values():
        with project.reading() as connection:
            ranges = len(ranges_of(connection, move.root))
            for bound in move.bounds:
                looked = [one for one in verified(connection, [bound.id]) if one.started_at >= since]
                yield _compared(move.root, bound.mapping.target, ranges, looked)


def _compared(root: str, target: str, ranges: int, looked: list[Verified]) -> Compared:
    well = [one for one in looked if one.result not in ("copied", "failed")]
    rows = sum(one.compared for one in well)
    different, missing = sum(one.different for one in well), sum(one.missing for one in well)
    rejected = sum(one.rejected for one in well)
    return Compared(
        root=root,
        target=target,
        old=rows + rejected + sum(one.hot for one in well),
        same=rows - different - missing,
        different=different,
        missing=missing,
        extra=sum(one.extra for one in well),
        rejected=rejected,
        whole=len({one.range_no for one in well} - {WHOLE}) == ranges,
    )
