"""The job `retry_rejects`: apply rejected rows again, after their parents came, or data or mapping was mended."""

from collections.abc import Iterator

import dagster as dg
from pydantic import Field

from assets.checks import NO_REJECTS
from assets.component import Component, components
from assets.copying import rejected_in
from assets.events import evaluations
from changeover.ledger.ranges import KeyRange, ranges_of
from changeover.mapping import Registry
from changeover.project import Project
from changeover.transfer import reapply
from resources import open_project, resource_keys

JOB = "retry_rejects"


class RetryConfig(dg.Config):
    """What to try.

    Parameters: ``mapping`` a mapping's name or target, all by default; ``kinds`` of rejects (value, conflict, waiting,
    referenced), all by default.
    """

    mapping: str | None = None
    kinds: list[str] = Field(default_factory=list)


def retry_rejects(registry: Registry) -> dg.JobDefinition:
    """The job for a project's mappings."""

    @dg.op(name="retry", required_resource_keys=resource_keys(registry))
    def retry_op(context: dg.OpExecutionContext, config: RetryConfig) -> None:
        with open_project(context.resources, registry) as project:
            before = dict(_open(project, registry))
            done = reapply(project, mapping=config.mapping, kinds=config.kinds or None)
            context.log.info("%d rows tried, %d mended, %d left", done.tried, done.mended, done.left)
            for (component, found), rows in before.items():
                _show(context.instance, project, component, found, rows)
        context.add_output_metadata({"tried": done.tried, "mended": done.mended, "left": done.left})

    @dg.job(
        name=JOB, description="Apply rejected rows again: after their parents came, or the data was mended."
    )
    def job() -> None:
        retry_op()

    return job


def _open(project: Project, registry: Registry) -> Iterator[tuple[tuple[Component, KeyRange], int]]:
    """Ranges with rejects, and how many rows."""
    for component in components(registry):
        for root in component.roots:
            with project.reading() as connection:
                ranges = [found for found in ranges_of(connection, root) if found.rejected]
            for found in ranges:
                rows = sum(r.rows for r in rejected_in(project, found).values())
                if rows:
                    yield (component, found), rows


def _show(
    instance: dg.DagsterInstance, project: Project, component: Component, found: KeyRange, before: int
) -> None:
    """Evaluate the range's check anew, if it has fewer rejects now."""
    rejected = rejected_in(project, found)
    if sum(r.rows for r in rejected.values()) < before:
        for evaluation in evaluations(component, found, rejected):
            if evaluation.check_name == NO_REJECTS:
                instance.report_runless_asset_event(evaluation)
