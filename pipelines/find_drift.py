"""The sensor `find_drift`: verifies partitions within a budget of time a tick, and has what drifted mended.

The ledger keeps its place: a sweep is a pass over all partitions, and a tick goes on where the last one ended. A resync run is
launched once a finding, whoever found it: its run key holds the finding's digest. Tables that are only to be reported are left to
people.
"""

import time
from collections.abc import Iterator

import dagster as dg

from assets.component import Component, components
from assets.drift import evaluations
from changeover.drift.verify import due, verify
from changeover.ledger import verified as ledger
from changeover.ledger.drift import digest, findings
from changeover.ledger.ranges import KeyRange, ranges_of
from changeover.ledger.verified import Pass
from changeover.mapping import Registry
from changeover.project import Project
from pipelines.resync_drift import OP
from resources import open_project, resource_keys

NAME = "find_drift"
SECONDS_BETWEEN_TICKS = 60
SECONDS_A_TICK = 15.0
"""After which no further partition is begun. Dagster ends a tick at 60 s."""
LONGEST = 40.0
"""Seconds that a partition may take to be begun in a tick: what takes longer is left to `verify_tables`."""
ROWS_A_SECOND = 50_000
"""Assumed of a partition that was never verified: half of what a comparison by value made, as measured."""
RUNS_A_TICK = 25


def find_drift(registry: Registry, job: dg.JobDefinition) -> dg.SensorDefinition:
    """The sensor for a project's mappings. It is switched on in the UI: it costs both databases time."""

    @dg.sensor(
        name=NAME,
        job=job,
        minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
        required_resource_keys=resource_keys(registry),
        description="Verifies partitions, some each tick, and launches a resync of those that drifted.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        began = time.monotonic()
        runs: list[dg.RunRequest] = []
        events: list[dg.AssetCheckEvaluation] = []
        cursor = context.cursor
        with open_project(context.resources, registry) as project:
            with project.new.engine.begin() as connection:
                one = ledger.begin(connection, "sensor find_drift", "checksums")
            through = True
            for component in components(registry):
                looked = False
                for found in _left(project, component, one):
                    if time.monotonic() - began > SECONDS_A_TICK:
                        through = False
                        break
                    for done in verify(project, found.root, [found], one, workers=1):
                        looked = True
                        cursor = f"{one.id} {done.range.root} {done.range.name}"
                if looked:
                    events += evaluations(project, component)
                runs += _runs(project, component)
            if through:
                with project.new.engine.begin() as connection:
                    ledger.finish(connection, one)
        return dg.SensorResult(run_requests=runs[:RUNS_A_TICK], asset_events=events, cursor=cursor)

    return sensor


def _left(project: Project, component: Component, one: Pass) -> Iterator[KeyRange]:
    """What the pass still has to look at, and that fits a tick by what it took the last time, or is assumed to take."""
    for root in component.roots:
        bounds = project.move(root).bounds
        with project.reading() as connection:
            took = {looked.range_no: looked.seconds for looked in ledger.verified(connection, [bounds[0].id])}
        for found in due(project, root, one=one):
            if took.get(found.no, found.rows_planned * len(bounds) / ROWS_A_SECOND) <= LONGEST:
                yield found


def _runs(project: Project, component: Component) -> Iterator[dg.RunRequest]:
    """A run for each partition with open findings that are to be mended."""
    for root in component.roots:
        bounds = [b for b in project.move(root).bounds if b.mapping.on_drift == "mend"]
        with project.reading() as connection:
            open_ = [one for b in bounds for one in findings(connection, mapping_id=b.id, limit=10_000)]
            names = {r.no: r.name for r in ranges_of(connection, root)} if open_ else {}
        for no in sorted({one.range_no for one in open_}):
            told = digest([one for one in open_ if one.range_no == no])
            config = {"root": root, "ranges": [names[no]]}
            yield dg.RunRequest(
                run_key=f"{root} {no} {told}",
                run_config={"ops": {OP: {"config": config}}},
                tags={"changeover/root": root, "changeover/range": names[no]},
            )
