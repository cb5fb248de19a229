"""Live sync in Dagster: one long-lived run an old database, and a sensor that keeps it alive.

The run applies what the old application changes until it is stopped. Lag, rates, waiting and rejected rows are observations of the
new tables: Dagster plots them. The ledger knows them as well, and `changeover status` shows them without Dagster.
"""

import math
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from assets.keys import new_key, safe
from assets.watched import watched
from changeover.capture.outbox import Lag
from changeover.capture.sync import Beat, run
from changeover.ledger.capture import captured
from changeover.ledger.rejects import open_count
from changeover.mapping import Registry
from changeover.project import Project
from resources import at_end_of, open_project, resource_keys

SECONDS_BETWEEN_OBSERVATIONS = 30.0
SECONDS_BETWEEN_IDLE_OBSERVATIONS = 600.0
"""Of a table that nothing changes. Dagster keeps each observation, and a live sync runs for weeks."""
SECONDS_BETWEEN_TICKS = 30

# Dagster ends runs that take longer than the limit of an instance; this one is meant to. Who starts it again is the sensor.
_TAGS = {"dagster/max_runtime": "0", "dagster/max_retries": "0"}


def needed_for(registry: Registry, database: str) -> Registry:
    """The mappings that applying changes of ``database`` involves: its own, and those of all tables they look up or share."""
    targets = [mapping.target for mapping in registry.mappings if mapping.database == database]
    return registry.needed(targets)


def live_sync(registry: Registry, database: str) -> dg.JobDefinition:
    """The job that applies the changes of an old database."""
    involved = needed_for(registry, database)
    name = job_name(database)

    # Yields observations, since what is logged otherwise by an op is stored when the op ends, and this one runs for weeks.
    @dg.op(name=f"apply_changes_of_{safe(database)}", required_resource_keys=resource_keys(involved), out={})
    def apply_changes(context: dg.OpExecutionContext) -> Iterator[Any]:
        with open_project(context.resources, involved) as project:
            view = _View(context, project, database)

            def work(stop: threading.Event) -> Iterator[Beat]:
                return run(project, database, stop=stop)

            for beat in watched(
                work, lambda: None, SECONDS_BETWEEN_OBSERVATIONS, at_end_of(context.resources)
            ):
                yield from view.show(beat)

    @dg.job(
        name=name,
        tags=_TAGS,
        description=f"Apply what the old application changes in {database}, until it is stopped. "
        f"Needs its triggers: `changeover sync install`.",
    )
    def job() -> None:
        apply_changes()

    return job


def keep_live_sync(
    registry: Registry, database: str, job: dg.JobDefinition, *, running: bool
) -> dg.SensorDefinition:
    """The sensor that starts the job whenever triggers are installed and no run of it is under way.

    Parameters: ``running`` says whether it runs as soon as it is loaded, or waits to be switched on in the UI.
    """
    involved = needed_for(registry, database)

    @dg.sensor(
        name=f"keep_{job_name(database)}",
        job_name=job.name,
        minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
        required_resource_keys=resource_keys(involved),
        default_status=dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED,
        description=f"Keeps a run of {job_name(database)} alive.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        active = context.instance.get_runs(
            dg.RunsFilter(job_name=job_name(database), statuses=_ACTIVE), limit=1
        )
        if active:
            return dg.SkipReason(f"run {active[0].run_id} is under way")
        with open_project(context.resources, involved) as project, project.reading() as connection:
            installed = captured(connection, database)
        if not installed:
            return dg.SkipReason(f"no triggers are installed on {database}: `changeover sync install`")
        return dg.SensorResult(run_requests=[dg.RunRequest()])

    return sensor


def job_name(database: str) -> str:
    """The job's name."""
    return f"live_sync_{safe(database)}"


_ACTIVE = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dataclass
class _View:
    """Turns beats into observations, at most one a table in `SECONDS_BETWEEN_OBSERVATIONS`."""

    context: dg.OpExecutionContext
    project: Project
    database: str
    began: float = field(default_factory=time.monotonic)
    due: float = 0.0
    """The first beat is told of at once: whoever has started it sees that it works."""
    counts: dict[str, dict[str, float]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(float))
    )
    shown: dict[str, float] = field(default_factory=dict[str, float])
    quiet: set[str] = field(default_factory=set[str])
    """Roots of which it was told last that nothing happened: a plot ends at zero, not at the last change."""
    lag: dict[str, float] = field(default_factory=dict[str, float])
    """The longest by root since the last observation, in seconds."""
    broken: tuple[str, ...] = ()

    def show(self, beat: Beat) -> Iterator[dg.AssetObservation]:
        """Take a beat in, and tell what it is time to tell."""
        for root, counts in beat.roots.items():
            for name, number in counts.items():
                self.counts[root][name] += number
        for root, lag in beat.lags.items():
            self.lag[root] = max(self.lag.get(root, 0.0), lag.seconds)
        if beat.broken != self.broken:
            self.broken = beat.broken
            for table in beat.broken:
                self.context.log.error(
                    "capture of %s is broken: its changes are not applied until `changeover sync install` repaired it",
                    table,
                )
        now = time.monotonic()
        if now >= self.due:
            yield from self._observe(beat, max(now - self.began, 1e-3))
            self.began, self.due = now, now + SECONDS_BETWEEN_OBSERVATIONS
            self.lag.clear()
            self.counts.clear()

    def _observe(self, beat: Beat, seconds: float) -> Iterator[dg.AssetObservation]:
        now = time.monotonic()
        for root, move in self.project.moves.items():
            if move.database != self.database:
                continue
            counts, lag = self.counts.get(root, {}), beat.lags.get(root, Lag())
            quiet = not counts and not lag.keys
            recent = now - self.shown.get(root, -math.inf) < SECONDS_BETWEEN_IDLE_OBSERVATIONS
            if quiet and recent and root in self.quiet:
                continue
            self.shown[root] = now
            (self.quiet.add if quiet else self.quiet.discard)(root)
            with self.project.reading() as connection:
                for bound in move.bounds:
                    rejected = open_count(connection, bound.id)
                    waiting = open_count(connection, bound.id, kind="waiting")
                    numbers = {
                        "lag_keys": lag.keys,
                        "lag_seconds": round(self.lag.get(root, 0.0), 3),
                        "changes_per_second": round(counts.get("keys_applied", 0) / seconds, 2),
                        **{name: int(counts.get(name, 0)) for name in ("inserted", "updated", "deleted")},
                        "waiting": waiting,
                        "rejected": rejected,
                    }
                    yield dg.AssetObservation(new_key(bound.mapping.target), metadata=numbers)
