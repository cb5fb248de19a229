"""The job `verify_tables` with its checks `same_as_old`, and the schedules that run it.

Checksums of both sides, and rows value by value where they differ (all rows, when it is told to look deep). Writes nothing but the
ledger. A run that was stopped is gone on with by the next one.
"""

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from assets.checks import VERIFY_JOB, same_as_old_checks
from assets.component import Component
from assets.keys import new_key, safe
from assets.progress import SECONDS_BETWEEN_LINES, Progress
from assets.same_as_old import same_as_old
from assets.watched import watched
from changeover.drift import RangeVerified, verify
from changeover.drift.verify import due
from changeover.ledger import verified as ledger
from changeover.ledger.verified import Pass
from changeover.mapping import Registry
from changeover.project import Project
from changeover.wording import number
from resources import at_end_of, open_project, resource_keys

JOB = VERIFY_JOB
CONFIG = {
    "deep": dg.Field(bool, default_value=False, description="Compare every row value by value."),
    "values": dg.Field(
        bool, default_value=False, description="Show values of rows that differ, side by side, in the check."
    ),
}


def verification(component: Component, registry: Registry) -> dg.AssetChecksDefinition:
    """The checks of a component's tables, evaluated by one step that verifies them first."""

    @dg.multi_asset_check(
        name=_step(component),
        specs=same_as_old_checks(map(new_key, component.targets)),
        required_resource_keys=resource_keys(registry.needed(component.targets)),
        pool=f"old_{safe(component.mappings[0].database)}",
        config_schema=CONFIG,
    )
    def verify_component(context: dg.AssetCheckExecutionContext) -> Iterator[Any]:
        config: dict[str, bool] = context.op_execution_context.op_config
        with open_project(context.resources, registry.needed(component.targets)) as project:
            one = _begin(project, component, deep=config["deep"])
            for root in component.roots:
                _verify(context, project, root, one)
            with project.new.engine.begin() as connection:
                ledger.finish(connection, one)
            for found in same_as_old(project, component, values=config["values"]):
                yield dg.AssetCheckResult(
                    asset_key=found.asset_key,
                    check_name=found.check_name,
                    passed=found.passed,
                    severity=found.severity,
                    description=found.description,
                    metadata=found.metadata,
                )

    return verify_component


def verify_tables(verifications: Sequence[dg.AssetChecksDefinition]) -> Any:
    """The job that evaluates all of them."""
    return dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.checks(*verifications),
        description="Compare every copied partition with what the old databases say now. Writes nothing but the ledger.",
    )


def schedules(job: Any, steps: Sequence[Component]) -> list[dg.ScheduleDefinition]:
    """Every night by checksums, and once a week value by value. To be switched on in the UI."""
    return [
        dg.ScheduleDefinition(
            name="verify_nightly", job=job, cron_schedule="0 2 * * *", description="Verify all, by checksums."
        ),
        dg.ScheduleDefinition(
            name="verify_weekly_deep",
            job=job,
            cron_schedule="0 4 * * 0",
            run_config=deep(steps),
            description="Verify all, every row value by value.",
        ),
    ]


def deep(steps: Sequence[Component]) -> dict[str, Any]:
    """The job's configuration for comparing every row value by value."""
    return {"ops": {_step(step): {"config": {"deep": True}} for step in steps}}


def _step(component: Component) -> str:
    return f"verify_{safe(component.name)}"


def _begin(project: Project, component: Component, *, deep: bool) -> Pass:
    with project.new.engine.begin() as connection:
        return ledger.begin(
            connection, f"dagster {safe(component.name)}"[:200], "values" if deep else "checksums"
        )


def _verify(context: dg.AssetCheckExecutionContext, project: Project, root: str, one: Pass) -> None:
    ranges = due(project, root, one=one)
    targets = len(project.move(root).bounds)
    planned = sum(found.rows_planned for found in ranges) * targets
    progress = Progress(root, len(ranges), planned, context.log.info)

    def work(stop: threading.Event) -> Iterator[RangeVerified]:
        return verify(
            project, root, ranges, one, on_chunk=lambda done: progress.chunk(done.rows_read), stop=stop
        )

    for done in watched(work, progress.line, SECONDS_BETWEEN_LINES, at_end_of(context.resources)):
        progress.range_done()
        if done.error:
            context.log.error(done.error)
        elif done.findings:
            context.log.warning("%s %s: %s drifted", root, done.range.name, number(done.drifted, "row"))
