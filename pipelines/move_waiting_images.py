"""The job `move_waiting_images` and its sensor: images that copied rows wait for, such as live sync brings.

Partitions of an image set walk the old rows; this asks the ledger alone, which has a note of each image that a row waits for.
"""

import dagster as dg

from assets.component import components
from assets.image_set import galleries
from changeover.image_sets import ImagesMoved, move_waiting
from changeover.image_sets.waiting import any_waiting
from changeover.mapping import Registry
from changeover.settings import mask
from resources import open_carrier, open_project, resource_keys
from resources.images import IMAGES

JOB = "move_waiting_images"
SECONDS_BETWEEN_TICKS = 30


def needed_for(registry: Registry) -> Registry | None:
    """The mappings that moving images involves; None where no column holds any."""
    targets = [target for found in galleries(components(registry)) for target in found.component.targets]
    return registry.needed(targets) if targets else None


def move_waiting_images(involved: Registry) -> dg.JobDefinition:
    """The job for the mappings that `needed_for` names."""

    @dg.op(name="move_waiting", required_resource_keys={IMAGES, *resource_keys(involved)})
    def move_op(context: dg.OpExecutionContext) -> None:
        done: list[ImagesMoved] = []
        with open_project(context.resources, involved) as project, open_carrier(context.resources) as carrier:
            for one in move_waiting(project, carrier, whole=True):
                done.append(one)
                context.log.info(
                    "%s: %d moved, %d known, %d rejected, %d could not be had, %d rows applied",
                    one.image_set,
                    one.transferred + one.reused,
                    one.known,
                    one.rejected,
                    one.failed,
                    one.rows_applied,
                )
        context.add_output_metadata(
            {
                name: sum(getattr(one, name) for one in done)
                for name in ("transferred", "reused", "rejected", "failed", "bytes", "rows_applied")
            }
        )
        errors = [mask(one.error) for one in done if one.error]
        if errors:
            raise dg.Failure("\n".join(errors), allow_retries=False)

    @dg.job(name=JOB, description="Move the images that copied rows wait for. Reads no old table.")
    def job() -> None:
        move_op()

    return job


def keep_images_moving(involved: Registry, job: dg.JobDefinition, *, running: bool) -> dg.SensorDefinition:
    """The sensor that launches the job when rows wait for images, and no run of it is under way.

    Parameters: ``running`` says whether it runs as soon as it is loaded, or waits to be switched on in the UI.
    """

    @dg.sensor(
        name=f"keep_{JOB}",
        job=job,
        minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
        required_resource_keys=resource_keys(involved),
        default_status=dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED,
        description="Moves the images of new and changed rows.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        active = context.instance.get_runs(dg.RunsFilter(job_name=JOB, statuses=_ACTIVE), limit=1)
        if active:
            return dg.SkipReason(f"run {active[0].run_id} is under way")
        with open_project(context.resources, involved) as project:
            if not any_waiting(project):
                return dg.SkipReason("no row waits for an image")
        return dg.SensorResult(run_requests=[dg.RunRequest()])

    return sensor


_ACTIVE = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
