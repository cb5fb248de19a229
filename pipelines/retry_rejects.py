"""The job `retry_rejects`: apply rejected rows again, after their parents came, or data or mapping was mended."""

import dagster as dg
from pydantic import Field

from assets.accounts import accounts
from assets.component import Component, components
from assets.same_as_old import same_as_old
from changeover.ledger.rejects import any_open
from changeover.mapping import Registry
from changeover.project import Project
from changeover.transfer import reapply
from changeover.wording import number
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
            rejected = [found for found in components(registry) if _any_open(project, found)]
            done = reapply(project, mapping=config.mapping, kinds=config.kinds or None)
            context.log.info(
                "%s tried, %d mended, %d left", number(done.tried, "row"), done.mended, done.left
            )
            for component in rejected:
                for found in (*accounts(project, component), *same_as_old(project, component)):
                    context.instance.report_runless_asset_event(found)
        context.add_output_metadata({"tried": done.tried, "mended": done.mended, "left": done.left})

    @dg.job(
        name=JOB, description="Apply rejected rows again: after their parents came, or the data was mended."
    )
    def job() -> None:
        retry_op()

    return job


def _any_open(project: Project, component: Component) -> bool:
    bounds = [bound for root in component.roots for bound in project.move(root).bounds]
    with project.reading() as connection:
        return any(any_open(connection, bound.id) for bound in bounds)
