"""``changeover images run``: move the images that are not in the bucket yet."""

from __future__ import annotations

import shlex
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from changeover.cli import options, output
from changeover.cli.images.carrying import USUAL, ImageWorkers
from changeover.cli.opening import one_root, open_project, open_registry, selected
from changeover.cli.outcome import Code, end
from changeover.cli.plan import plan_root
from changeover.cli.progress import Progress, display
from changeover.cli.stopping import Stopping
from changeover.errors import ConfigurationError, Interrupted
from changeover.image_sets import Carrier, ImagesMoved, move_images, move_waiting, refresh_images
from changeover.image_sets.changed import reapply_changed
from changeover.image_sets.opening import open_carrier
from changeover.image_sets.walk import sets_of
from changeover.ledger.image_status import NotStored, not_stored
from changeover.ledger.ranges import ranges_of
from changeover.mapping import ImageSet
from changeover.project import Project
from changeover.transfer.id_pool import Pool

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


def run(
    tables: options.Tables = None,
    table: options.MoreTables = None,
    ranges: options.Ranges = None,
    workers: ImageWorkers = USUAL,
    rejected: Annotated[
        bool, typer.Option("--rejected", help="Also images that were rejected before.")
    ] = False,
    waiting: Annotated[
        bool,
        typer.Option(
            "--waiting",
            help="Only images that copied rows wait for, such as live sync brings: reads no old table.",
        ),
    ] = False,
    refresh: Annotated[
        bool,
        typer.Option(
            "--refresh",
            help="Ask for images that are stored already, by conditional requests: has their content changed?",
        ),
    ] = False,
    mappings: options.Mappings = None,
    json: options.Json = False,
    _debug: options.Debug = False,
) -> None:
    """Move the images that old rows name and that are not in the bucket yet, and point the rows at them.

    Asks no origin for an image that the manifest knows as stored. Rows that were copied before are applied again as their
    images arrive; rows that are copied afterwards get the new keys at once. Several runs may go on at once: each image is
    moved by one of them.

    With --refresh, the origins of stored images are asked whether they have changed. What hasn't is not sent again; one that has
    gets another key, and the rows that name it, of all tables, are applied again. One that isn't there any more stays stored.

    Exits with 0 only if every image of the selected tables (or ranges) is stored.

    Ctrl-C stops after the images under way; the same command goes on from there.

    Examples:

      changeover images run
      changeover images run product --workers 64      a distant host
      changeover images run --rejected                what was mended where it came from
      changeover images run --waiting                 what live sync has brought
      changeover images run --refresh                 what was overwritten under its URL
    """
    registry = open_registry(mappings)
    chosen = selected(registry, tables, table)
    root = one_root(chosen, "--range") if ranges else ""
    if waiting and (ranges or rejected):
        raise ConfigurationError("--waiting goes without --range and --rejected: it takes what rows wait for")
    if refresh and (ranges or rejected or waiting):
        raise ConfigurationError("--refresh goes alone, with tables at most: it takes whole sets of images")
    moved: list[Moved] = []
    # A key that becomes another one concerns all tables whose rows name the image.
    opened = registry if refresh else chosen
    with open_project(registry, opened, mappings) as project, Stopping("images") as stopping:
        roots = [r for r in ((root,) if root else chosen.roots) if sets_of(project.move(r))]
        if not roots:
            raise ConfigurationError(
                "no column of these tables is declared with image(): there is nothing to move"
            )
        with open_carrier(workers) as carrier, display(len(roots)) as progress:
            work = _Run(project, carrier, progress, stopping.event, moved)
            if refresh:
                stopped = work.refresh(roots)
            elif waiting:
                stopped = work.waiting()
            else:
                names = [one.removeprefix(f"{root}:") for one in ranges] if ranges else None
                stopped = work.roots(roots, names, rejected=rejected)
                if not stopped and opened.roots == registry.roots:
                    work.changed(roots)
        with project.reading() as connection:
            reasons = [one for one in not_stored(connection) if one.state != "rejected"]
    well = all(one.whole and not one.counts["rejected"] for one in moved)
    code = Code.INTERRUPTED if stopped else Code.OK if well else Code.FINDINGS
    if json:
        output.document(_document(moved, code))
    else:
        _show(moved, reasons, refresh=refresh)
    if stopped:
        output.say(
            f"stopped; every image that was moved stays. To go on: {shlex.join(['changeover', *sys.argv[1:]])}"
        )
    end(code)


@dataclass
class _Run:
    """What this run does; each way says whether it was asked to stop before the end."""

    project: Project
    carrier: Carrier
    progress: Progress
    stop: threading.Event
    moved: list[Moved]

    def roots(self, roots: list[str], names: list[str] | None, *, rejected: bool) -> bool:
        """Move what the rows of these roots name."""
        for name in roots:
            plan_root(self.project, name, stop=self.stop)
            self.moved.append(Moved(name))
            try:
                self.root(self.moved[-1], names, rejected=rejected)
            except Interrupted:
                return True
            finally:
                self.progress.end()
        return False

    def root(self, one: Moved, names: list[str] | None, *, rejected: bool) -> None:
        """Move what the rows of one root name."""
        with self.project.reading() as connection:
            due = [found for found in ranges_of(connection, one.root) if names is None or found.name in names]
        self.progress.begin(one.root, len(due), sum(found.rows_planned for found in due))
        last = ImagesMoved(None, "")

        def on_moved(now: ImagesMoved) -> None:
            nonlocal last
            same = (now.range, now.image_set) == (last.range, last.image_set)
            before, last = last if same else ImagesMoved(None, ""), now
            self.progress.images(
                now.rows - before.rows, _stored(now) - _stored(before), now.rejected - before.rejected
            )

        for done in move_images(
            self.project, one.root, self.carrier, names, rejected=rejected, on_moved=on_moved, stop=self.stop
        ):
            one.range(done)
            self.progress.moved_range(done)

    def waiting(self) -> bool:
        """Move what rows wait for."""
        found = move_waiting(self.project, self.carrier, stop=self.stop)
        return self.told(found, Moved("(waiting rows)"))

    def refresh(self, roots: list[str]) -> bool:
        """Ask again for what is stored of these roots' sets."""
        found = refresh_images(self.project, self.sets(roots), self.carrier, stop=self.stop)
        return self.told(found, Moved("(stored images)"))

    def changed(self, roots: list[str]) -> None:
        """Apply rows of images that were lost, and had other content when they were fetched again."""
        for images in self.sets(roots):
            reapply_changed(self.project, images, Pool(), self.stop)

    def sets(self, roots: list[str]) -> list[ImageSet]:
        """The sets that rows of these roots name."""
        found = {one.name: one for root in roots for one in sets_of(self.project.move(root))}
        return list(found.values())

    def told(self, found: Iterator[ImagesMoved], one: Moved) -> bool:
        """Move whole sets, and say how many images of each."""
        self.moved.append(one)
        self.progress.begin("images", 0, 0)
        try:
            for done in found:
                one.range(done)
                self.progress.say(f"{done.image_set}: {output.number(_stored(done), 'image')} moved")
        except Interrupted:
            return True
        return False


def _stored(moved: ImagesMoved) -> int:
    return moved.transferred + moved.reused


def _document(moved: list[Moved], code: Code) -> dict[str, Any]:
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


def _show(moved: list[Moved], reasons: Sequence[NotStored], *, refresh: bool) -> None:
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
    if refresh:
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
