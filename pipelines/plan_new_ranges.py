"""The sensor `plan_new_ranges`: appends ranges where old tables have grown by a whole range since they were planned.

A table that was never planned is left alone: people begin a migration (`plan_tables`). What lies above the last
range and doesn't fill one yet waits, or `plan_tables` takes it.
"""

import time

import dagster as dg

from assets.component import Component, components
from assets.partitions import missing_keys, partitions_definition
from changeover.ledger.ranges import last_range
from changeover.mapping import Registry
from changeover.planning import plan
from changeover.project import Project
from pipelines.ledger_view import partition_keys
from resources import open_project, resource_keys

NAME = "plan_new_ranges"
SECONDS_BETWEEN_TICKS = 300
SECONDS_A_TICK = 20.0
"""After which no further table is begun. Dagster ends a tick at 60 s."""
RANGES_A_TICK = 100
"""Of one table. A range's length of index is walked for each: seconds in all."""


def plan_new_ranges(registry: Registry, *, running: bool) -> dg.SensorDefinition:
    """The sensor for a project's mappings.

    Parameters: ``running`` says whether it runs as soon as it is loaded, or waits to be switched on in the UI.
    """

    @dg.sensor(
        name=NAME,
        minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
        required_resource_keys=resource_keys(registry),
        default_status=dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED,
        description="Appends partitions where old tables have grown by a whole key range.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        began = time.monotonic()
        requests: list[dg.AddDynamicPartitionsRequest] = []
        troubles: list[str] = []
        cursor = context.cursor
        for component in _after(components(registry), cursor):
            if time.monotonic() - began > SECONDS_A_TICK:
                break
            try:
                with open_project(context.resources, registry.needed(component.targets)) as project:
                    keys = missing_keys(context.instance, component, _planned(project, component))
            except dg.Failure as failure:
                # One database that is down must not keep the tables of the others from growing.
                troubles.append(f"{component.name}: {failure.description}")
                keys = []
            if keys:
                requests.append(partitions_definition(component).build_add_request(keys))
            cursor = component.name
        if troubles and not requests:
            raise dg.Failure("\n".join(troubles))
        for trouble in troubles:
            context.log.error(trouble)
        return dg.SensorResult(dynamic_partitions_requests=requests, cursor=cursor)

    return sensor


def _planned(project: Project, component: Component) -> list[str]:
    for root in component.roots:
        with project.reading() as connection:
            begun = last_range(connection, root) is not None
        if begun:
            plan(project, root, partial_tail=False, limit=RANGES_A_TICK)
    return partition_keys(project, component)


def _after(all_components: tuple[Component, ...], name: str | None) -> tuple[Component, ...]:
    """The components in their order, beginning after the one that the last tick ended with."""
    place = next((n for n, component in enumerate(all_components) if component.name == name), -1)
    return all_components[place + 1 :] + all_components[: place + 1]
