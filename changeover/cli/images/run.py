"""``changeover images run``: move the images that are not in the bucket yet."""

from __future__ import annotations

import shlex
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

import sqlalchemy as sa
import typer

from changeover.cli import options, output
from changeover.cli.images.carrying import USUAL, ImageWorkers
from changeover.cli.images.moved import Moved, document, show, stored
from changeover.cli.opening import one_root, open_project, open_registry, selected
from changeover.cli.outcome import Code, end
from changeover.cli.plan import plan_root
from changeover.cli.progress import Progress, display
from changeover.cli.stopping import Stopping
from changeover.errors import ConfigurationError, Interrupted
from changeover.image_sets import (
    Carrier,
    ImagesMoved,
    move_images,
    move_waiting,
    refresh_images,
    rekey_images,
)
from changeover.image_sets.changed import reapply_changed
from changeover.image_sets.opening import open_bucket, open_carrier
from changeover.image_sets.walk import sets_of
from changeover.ledger import image_audit
from changeover.ledger.image_status import not_stored
from changeover.ledger.ranges import ranges_of
from changeover.mapping import ImageSet
from changeover.project import Project
from changeover.transfer.id_pool import Pool


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
    rekey: Annotated[
        bool,
        typer.Option(
            "--rekey",
            help="Give stored images the keys that the mapping forms now: copied within the bucket, no origin is asked.",
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

    An image that is stored keeps its key, however the mapping forms keys by now. With --rekey it gets the one that it would be
    stored under now, and the rows that name it, of all tables, are applied again. Former objects stay: `images orphans` lists them.

    Exits with 0 only if every image of the selected tables (or ranges) is stored.

    Ctrl-C stops after the images under way; the same command goes on from there.

    Examples:

      changeover images run
      changeover images run product --workers 64      a distant host
      changeover images run --rejected                what was mended where it came from
      changeover images run --waiting                 what live sync has brought
      changeover images run --refresh                 what was overwritten under its URL
      changeover images run --rekey                   another prefix, or another way to form keys
    """
    registry = open_registry(mappings)
    chosen = selected(registry, tables, table)
    root = one_root(chosen, "--range") if ranges else ""
    _check(ranges=bool(ranges), rejected=rejected, waiting=waiting, refresh=refresh, rekey=rekey)
    moved: list[Moved] = []
    # A key that becomes another one concerns all tables whose rows name the image.
    opened = registry if refresh or rekey else chosen
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
            elif rekey:
                stopped = work.rekey(roots, workers)
            elif waiting:
                stopped = work.waiting()
            else:
                names = [one.removeprefix(f"{root}:") for one in ranges] if ranges else None
                if opened.roots == registry.roots:
                    stopped = work.all(roots, names, rejected=rejected)
                else:
                    stopped = work.roots(roots, names, rejected=rejected)
        with project.reading() as connection:
            reasons = [
                one
                for one in not_stored(connection)
                if one.state != "rejected" and one.reason != image_audit.UNNAMED
            ]
    well = all(one.whole and not one.counts["rejected"] for one in moved)
    code = Code.INTERRUPTED if stopped else Code.OK if well else Code.FINDINGS
    if json:
        output.document(document(moved, code))
    else:
        show(moved, reasons, kept=refresh or rekey)
    if stopped:
        output.say(
            f"stopped; every image that was moved stays. To go on: {shlex.join(['changeover', *sys.argv[1:]])}"
        )
    end(code)


def _check(*, ranges: bool, rejected: bool, waiting: bool, refresh: bool, rekey: bool) -> None:
    """Raises ConfigurationError for options that exclude each other."""
    if waiting and (ranges or rejected):
        raise ConfigurationError("--waiting goes without --range and --rejected: it takes what rows wait for")
    if (refresh or rekey) and (ranges or rejected or waiting or (refresh and rekey)):
        raise ConfigurationError(
            "--refresh and --rekey go alone, with tables at most: each takes whole sets of images"
        )


@dataclass
class _Run:
    """What this run does; each way says whether it was asked to stop before the end."""

    project: Project
    carrier: Carrier
    progress: Progress
    stop: threading.Event
    moved: list[Moved]

    def all(self, roots: list[str], names: list[str] | None, *, rejected: bool) -> bool:
        """Move what the rows of all roots name, or those of some ranges of the only one, and see to what is left of images."""
        if names is None:
            self.judge(roots, image_audit.judge_anew)
        if self.roots(roots, names, rejected=rejected):
            return True
        self.changed(roots)
        if names is None and not any(one.failed for one in self.moved):
            self.judge(roots, image_audit.judged)
        return False

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
                now.rows - before.rows, stored(now) - stored(before), now.rejected - before.rejected
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

    def rekey(self, roots: list[str], workers: int) -> bool:
        """Give what is stored of these roots' sets the keys that are formed now."""
        found = rekey_images(self.project, self.sets(roots), open_bucket(), workers, stop=self.stop)
        return self.told(found, Moved("(stored images)"))

    def changed(self, roots: list[str]) -> None:
        """Apply rows of images that were lost, and had other content when they were fetched again."""
        for images in self.sets(roots):
            reapply_changed(self.project, images, Pool(), self.stop)

    def judge(self, roots: list[str], how: Callable[[sa.Connection, str], None]) -> None:
        """Tell lost images that rows name from others, by whether they are tried."""
        with self.project.new.engine.begin() as connection:
            for images in self.sets(roots):
                how(connection, images.name)

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
                self.progress.say(f"{done.image_set}: {output.number(stored(done), 'image')} moved")
        except Interrupted:
            return True
        return False
