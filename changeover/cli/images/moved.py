"""What a run of ``changeover images run`` did, and how it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from changeover.cli import output
from changeover.cli.outcome import Code
from changeover.image_sets import ImagesMoved
from changeover.ledger.image_status import NotStored

_COUNTS = ("referenced", "known", "transferred", "reused", "rejected", "failed", "bytes", "rows_applied")


@dataclass
class Moved:
    """What this run did for one root."""

    root: str
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTS, 0))
    seconds: float = 0.0
    failed: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    def range(self, done: ImagesMoved) -> None:
        """Count a range that ended."""
        for name in _COUNTS:
            self.counts[name] += getattr(done, name)
        self.seconds += done.seconds
        if done.error is not None:
            self.failed.append(
                {
                    "range": done.range.name if done.range else "",
                    "images": done.image_set,
                    "error": done.error,
                }
            )

    @property
    def whole(self) -> bool:
        """Every image is stored or rejected."""
        return not self.failed and not self.counts["failed"]


def stored(moved: ImagesMoved) -> int:
    """Images that are in the bucket now, and were not known to be."""
    return moved.transferred + moved.reused


def document(moved: list[Moved], code: Code) -> dict[str, Any]:
    """What ``--json`` writes."""
    tables = [
        {"root": one.root, **one.counts, "seconds": round(one.seconds, 3), "failed_ranges": one.failed}
        for one in moved
    ]
    return {
        "command": "images run",
        "ok": code is Code.OK,
        "interrupted": code is Code.INTERRUPTED,
        "tables": tables,
    }


def show(moved: list[Moved], reasons: Sequence[NotStored], *, kept: bool) -> None:
    """The table, and what to do. ``kept``: of stored images nothing is lost that could not be had."""
    columns = (
        "root",
        "referenced",
        "known",
        "moved",
        "reused",
        "rejected",
        "failed",
        "MB",
        "rows",
        "images/s",
    )
    output.table("", columns, map(_row, moved), numbers=columns[1:])
    for one in moved:
        for failed in one.failed:
            output.answer(f"{one.root} {failed['range']} failed: {failed['error']}")
    if kept:
        gone = sum(one.counts["rejected"] + one.counts["failed"] for one in moved)
        if gone:
            output.answer(
                f"{output.number(gone, 'image')} could not be had anew, and stay as they are stored"
            )
        return
    if any(one.counts["rejected"] for one in moved):
        output.answer(
            "`changeover images rejects` says which rows keep their old URL, and why; `changeover images status` counts the reasons"
        )
    if any(one.counts["failed"] for one in moved):
        for one in reasons:
            output.answer(
                f"{one.image_set}: {output.number(one.images, 'image')} could not be had: {one.detail}"
            )
        output.answer("the same command tries them again")


def _row(one: Moved) -> tuple[object, ...]:
    c = one.counts
    numbers = (c["referenced"], c["known"], c["transferred"], c["reused"], c["rejected"], c["failed"])
    arrived = c["transferred"] + c["reused"]
    return (
        one.root,
        *map(output.count, numbers),
        f"{c['bytes'] / 1e6:,.1f}",
        output.count(c["rows_applied"]),
        output.count(arrived / one.seconds) if one.seconds and arrived else "",
    )
