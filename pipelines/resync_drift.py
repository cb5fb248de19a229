"""The job `resync_drift`: mend what verification found, through the one write path, and evaluate the check anew."""

import threading
from collections import Counter
from collections.abc import Iterator

import dagster as dg
from pydantic import Field

from assets.component import components
from assets.progress import SECONDS_BETWEEN_LINES
from assets.same_as_old import same_as_old
from assets.watched import watched
from changeover.drift import Resynced, resync
from changeover.ledger.ranges import part_named
from changeover.mapping import Registry
from changeover.project import Project
from changeover.wording import number
from resources import at_end_of, open_project, resource_keys

JOB = "resync_drift"
OP = "resync"


class ResyncConfig(dg.Config):
    """What to mend.

    Parameters: ``root`` a root (``database.table``), all by default; ``ranges`` the names of some of its ranges, all by default;
    ``dry_run`` only says what would be changed.
    """

    root: str | None = None
    ranges: list[str] = Field(default_factory=list)
    dry_run: bool = False


def resync_drift(registry: Registry) -> dg.JobDefinition:
    """The job for a project's mappings."""

    @dg.op(name=OP, required_resource_keys=resource_keys(registry))
    def resync_op(context: dg.OpExecutionContext, config: ResyncConfig) -> None:
        counts: Counter[str] = Counter(found=0, mended=0)
        with open_project(context.resources, registry) as project:
            roots = [config.root] if config.root else list(project.moves)
            for root in roots:
                for one in _mended(context, project, root, config):
                    counts.update({"found": 1, "mended": int(one.mended), one.action: 1})
            touched = [c for c in components(registry) if set(c.roots) & set(roots)]
            for component in () if config.dry_run else touched:
                for found in same_as_old(project, component):
                    context.instance.report_runless_asset_event(found)
        found = number(counts["found"], "row")
        context.log.info("%s had drifted, mended: %d", found, counts["mended"])
        context.add_output_metadata(dict(counts))

    @dg.job(name=JOB, description="Mend the rows that verification found drifted, and only these.")
    def job() -> None:
        resync_op()

    return job


def _mended(
    context: dg.OpExecutionContext, project: Project, root: str, config: ResyncConfig
) -> Iterator[Resynced]:
    numbers: list[int] | None = None
    if config.ranges:
        with project.reading() as connection:
            numbers = [part_named(connection, root, name).no for name in config.ranges]

    def work(stop: threading.Event) -> Iterator[Resynced]:
        return resync(project, root, numbers, dry_run=config.dry_run, stop=stop)

    return watched(work, lambda: None, SECONDS_BETWEEN_LINES, at_end_of(context.resources))
