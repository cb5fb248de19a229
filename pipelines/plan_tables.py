"""The job `plan_tables`: cut the old tables into key ranges, and show them as partitions.

People launch it once before the first backfill, and again whenever they like: it only ever appends. It also makes
Dagster show what the ledger knows, so it is what rebuilds Dagster's storage after it was thrown away.
"""

import dagster as dg
from pydantic import Field

from assets.component import Component, components
from assets.partitions import PLAN_JOB
from changeover.check import refuse_errors
from changeover.mapping import Registry
from changeover.planning import plan
from pipelines.ledger_view import show
from resources import open_project, resource_keys

JOB = PLAN_JOB


class PlanConfig(dg.Config):
    """What to plan.

    Parameters: ``tables`` targets, roots, mappings or domains, all of them by default; ``rows_per_range`` overrides
    what the mappings or the planner choose for ranges that are new; ``unchecked`` begins although `changeover check`
    finds errors in the mappings.
    """

    tables: list[str] = Field(default_factory=list)
    rows_per_range: int | None = None
    unchecked: bool = False


def plan_tables(registry: Registry) -> dg.JobDefinition:
    """The job for a project's mappings."""

    @dg.op(name="plan", required_resource_keys=resource_keys(registry))
    def plan_op(context: dg.OpExecutionContext, config: PlanConfig) -> None:
        chosen = registry.select(config.tables)
        failed: list[str] = []
        for component in components(registry):
            if set(component.roots) & set(chosen.roots):
                try:
                    _plan(context, component, registry, config)
                except dg.Failure as failure:
                    failed.append(component.name)
                    context.log.error("%s was not planned: %s", component.name, failure.description)
        if failed:
            raise dg.Failure(f"not planned: {', '.join(failed)}; the log says why", allow_retries=False)

    @dg.job(
        name=JOB, description="Cut the old tables into key ranges and show them as partitions. Only appends."
    )
    def job() -> None:
        plan_op()

    return job


def _plan(
    context: dg.OpExecutionContext, component: Component, registry: Registry, config: PlanConfig
) -> None:
    with open_project(context.resources, registry.needed(component.targets)) as project:
        if not config.unchecked:
            names = {m.name for root in component.roots for m in registry.of_root(root)}
            refuse_errors(project, names, instead="unchecked: true in the run's configuration")
        added = [found for root in component.roots for found in plan(project, root, config.rows_per_range)]
        shown = show(context.instance, project, component)
    context.log.info(
        "%s: %d ranges added for %d rows; Dagster lists %d more partitions, %d of them done",
        component.name,
        len(added),
        sum(found.rows_planned for found in added),
        shown.listed,
        shown.done,
    )
    if shown.forgotten:
        context.log.warning(
            "%s: Dagster showed %d partitions as materialized that the ledger never saw copied; they are open again",
            component.name,
            shown.forgotten,
        )
