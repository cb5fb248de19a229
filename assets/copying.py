"""A step's work: copy the ranges of the run's partitions, and tell Dagster of each as it ends.

A materialization is yielded the moment its range is done, so whatever becomes of the run afterwards, the
partition is counted. A range that fails is remembered and the next ones go on; the run fails at its end,
naming them, and a re-execution runs those. The checks state the tables as a whole: after the run's first
partition, so that no table is called the same as the old one while it is copied again, now and then
afterwards, and at the end.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import dagster as dg

from assets.accounts import accounts
from assets.completed import Others
from assets.component import Component
from assets.events import materializations
from assets.keys import new_key
from assets.partitions import PLAN_JOB, Partitions
from assets.progress import SECONDS_BETWEEN_LINES, Progress
from assets.same_as_old import same_as_old
from assets.watched import watched
from changeover.ledger.ranges import KeyRange, ranges_of
from changeover.mapping import Registry
from changeover.project import Project
from changeover.settings import mask
from changeover.transfer import RangeDone, backfill
from resources import at_end_of, open_project

Events = Iterator[dg.AssetMaterialization | dg.AssetCheckEvaluation]

FAILURES_NAMED = 20
"""In the run's failure. The log has all of them."""
SECONDS_BETWEEN_CHECKS = 60.0
"""Of a run that copies many partitions. A statement is some queries of the ledger and three events a table."""


def copy_partitions(context: dg.AssetExecutionContext, component: Component, registry: Registry) -> Events:
    """Copy the run's partitions of ``component``.

    Raises: dagster.Failure at the end if a range failed, and at once for what concerns all of them (a
    database that can't be reached, a mapping that doesn't fit the schemas). It is not tried again by itself.
    """
    with open_project(context.resources, registry.needed(component.targets)) as project:
        copy = _Copy(context, component, project)
        others = Others(project, component, registry)
        for root, names in copy.partitions.by_root(copy.known(context.partition_keys)).items():
            ranges = copy.ranges(root, names)
            if _is_resumed(context):
                yield from copy.told(ranges)
                ranges = [found for found in ranges if not copy.is_done(found)]
            if ranges:
                yield from copy.root(root, ranges)
        yield from copy.checked()
        others.tell(context.instance)
    if copy.failed:
        raise _failure(copy.failed, len(context.partition_keys))


@dataclass
class _Copy:
    context: dg.AssetExecutionContext
    component: Component
    project: Project
    failed: dict[str, str] = field(default_factory=dict[str, str])
    """Why, by partition."""
    next_checks: float = 0.0

    @property
    def partitions(self) -> Partitions:
        return Partitions(self.component.roots)

    def known(self, keys: Sequence[str]) -> list[str]:
        """Those of the partitions that the ledger knows. The others fail: nothing of them is copied, whatever Dagster lists."""
        with self.project.reading() as connection:
            ranges = [found for root in self.component.roots for found in ranges_of(connection, root)]
        there = {self.partitions.key(found.root, found.name) for found in ranges}
        for key in keys:
            if key not in there:
                self.failed[key] = (
                    f"not in the ledger: launch {PLAN_JOB}, which lists the key ranges that there are"
                )
                self.context.log.error("%s failed: %s", key, self.failed[key])
        return [key for key in keys if key in there]

    def ranges(self, root: str, names: Sequence[str]) -> list[KeyRange]:
        wanted = set(names)
        with self.project.reading() as connection:
            return [found for found in ranges_of(connection, root) if found.name in wanted]

    def is_done(self, found: KeyRange) -> bool:
        return found.status == "done" and found.fingerprint == self.project.move(found.root).fingerprint

    def root(self, root: str, ranges: Sequence[KeyRange]) -> Events:
        """Copy ranges of one root."""
        for done in self._copied(root, ranges):
            if done.error is not None:
                partition = self.partitions.key(root, done.range.name)
                self.failed[partition] = mask(done.error)
                self.context.log.error("%s failed: %s", partition, self.failed[partition])
                continue
            yield from self._materialized(done.range)
            if time.monotonic() >= self.next_checks:
                yield from self.checked()

    def checked(self) -> Iterator[dg.AssetCheckEvaluation]:
        """How the tables stand now."""
        self.next_checks = time.monotonic() + SECONDS_BETWEEN_CHECKS
        yield from accounts(self.project, self.component)
        yield from same_as_old(self.project, self.component)

    def told(self, ranges: Sequence[KeyRange]) -> Events:
        """Tell of ranges that are done, but whose run was killed before it told of them."""
        keys = [new_key(target) for target in self.component.targets]
        shown = set.intersection(*(self.context.instance.get_materialized_partitions(key) for key in keys))
        for found in ranges:
            if self.is_done(found) and self.partitions.key(found.root, found.name) not in shown:
                yield from self._materialized(found)

    def _copied(self, root: str, ranges: Sequence[KeyRange]) -> Iterator[RangeDone]:
        rows = sum(found.rows_planned for found in ranges)
        progress = Progress(root, len(ranges), rows, self.context.log.info)
        names = [found.name for found in ranges]

        def work(stop: threading.Event) -> Iterator[RangeDone]:
            on_chunk = progress.chunk
            return backfill(self.project, root, names, on_chunk=lambda c: on_chunk(c.rows_read), stop=stop)

        for done in watched(work, progress.line, SECONDS_BETWEEN_LINES, at_end_of(self.context.resources)):
            progress.range_done()
            yield done

    def _materialized(self, found: KeyRange) -> Events:
        shapes = {b.mapping.target: b.new for move in self.project.moves.values() for b in move.bounds}
        return materializations(self.component, found, shapes)


def _is_resumed(context: dg.AssetExecutionContext) -> bool:
    """The run re-executes one that failed: started by a person ("from failure"), or by the daemon."""
    return context.run.tags.get("dagster/is_resume_retry") == "true"


def _failure(failed: dict[str, str], asked: int) -> dg.Failure:
    named = "\n".join(f"{partition}: {reason}" for partition, reason in list(failed.items())[:FAILURES_NAMED])
    more = f"\nand {len(failed) - FAILURES_NAMED} more" if len(failed) > FAILURES_NAMED else ""
    return dg.Failure(
        f"{len(failed)} of {asked} key ranges failed, the others are done. Re-execute to run these.\n{named}{more}",
        metadata={"failed": len(failed), "partitions": list(failed)},
        allow_retries=False,
    )
