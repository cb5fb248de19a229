"""The job `sweep_tables` and its schedule: sync by high-water columns, for old databases without triggers.

It sees no deletes, and no changes that leave the column as they find it: the job's description says so wherever it is shown.
"""

import threading
from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.keys import new_key
from assets.watched import watched
from changeover.capture.incremental import Swept, can_sweep, sweep
from changeover.mapping import Registry
from pipelines.live_sync import needed_for
from resources import at_end_of, open_project, resource_keys

JOB = "sweep_tables"
EVERY = "*/5 * * * *"


def sweep_tables(registry: Registry) -> dg.JobDefinition | None:
    """The job for the mappings that name a high-water column; None where none does."""
    databases = {mapping.database for mapping in registry.mappings if mapping.high_water is not None}
    if not databases:
        return None
    names = {m.name for database in databases for m in needed_for(registry, database).mappings}
    involved = Registry(tuple(mapping for mapping in registry.mappings if mapping.name in names))

    @dg.op(name="sweep", required_resource_keys=resource_keys(involved), out={})
    def sweep_op(context: dg.OpExecutionContext) -> Iterator[Any]:
        with open_project(context.resources, involved) as project:
            roots = [root for root, move in project.moves.items() if can_sweep(move)]

            def work(stop: threading.Event) -> Iterator[Swept]:
                return (sweep(project, root, stop=stop) for root in roots)

            for done in watched(work, lambda: None, 60.0, at_end_of(context.resources)):
                numbers = {
                    name: getattr(done, name)
                    for name in ("keys_applied", "inserted", "updated", "deleted", "rejected")
                }
                for bound in project.moves[done.root].bounds:
                    yield dg.AssetObservation(new_key(bound.mapping.target), metadata=numbers)

    @dg.job(
        name=JOB,
        description="Apply what high-water columns say is new. Deleted rows, and changes that leave the column as it is, are not "
        "seen: run ranges again for them.",
    )
    def job() -> None:
        sweep_op()

    return job


def sweep_schedule(job: dg.JobDefinition) -> dg.ScheduleDefinition:
    """Every five minutes, once it is switched on."""
    return dg.ScheduleDefinition(name=JOB, job=job, cron_schedule=EVERY)
