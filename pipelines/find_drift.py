"""The sensor `find_drift`: verifies partitions within a budget of time a tick, and has what drifted mended.

A sweep is a pass over all partitions. The ledger knows which of them it has looked at; the cursor knows where it is within one that
takes longer than a tick. What drifted is handed to `resync_drift`, once a finding, whoever found it, and again if that run came to
nothing (`pipelines.mending`). Tables that are only to be reported are left to people.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import dagster as dg

from assets.component import Component, components
from assets.same_as_old import same_as_old
from changeover.drift import RangeVerified
from changeover.drift.place import Place
from changeover.drift.verify import due, verify_until
from changeover.ledger import verified as ledger
from changeover.ledger.ranges import KeyRange
from changeover.ledger.verified import Pass
from changeover.mapping import Registry
from changeover.project import Project
from changeover.wording import number
from pipelines.mending import mending
from resources import open_project, resource_keys

NAME = "find_drift"
SECONDS_BETWEEN_TICKS = 60
SECONDS_A_TICK = 15.0
"""After which no further chunk is begun. Dagster ends a tick at 60 s, and what it did is lost then."""
PATIENCE = 25.0
"""Seconds more for a server that does not answer: what is tried again and again until then fails."""
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
        runs: list[dg.RunRequest] = []
        events: list[dg.AssetCheckEvaluation] = []
        said: list[str] = []
        with open_project(context.resources, registry) as project:
            with project.new.engine.begin() as connection:
                one = ledger.begin(connection, "sensor find_drift", "checksums")
            sweep = _Sweep(project, one, _place(context.cursor), time.monotonic() + SECONDS_A_TICK)
            for component in components(registry):
                if sweep.component(component):
                    events += same_as_old(project, component)
                wanted, told = mending(project, component, context.instance)
                runs, said = runs + wanted, said + told
            if sweep.through:
                with project.new.engine.begin() as connection:
                    ledger.finish(connection, one)
        said = [sweep.told, *said]
        for line in said:
            context.log.info(line)
        return dg.SensorResult(
            run_requests=runs[:RUNS_A_TICK],
            skip_reason=None if runs else "; ".join(said),
            asset_events=events,
            cursor=sweep.place.dump() if sweep.place else sweep.last or context.cursor,
        )

    return sensor


@dataclass
class _Sweep:
    """A tick's part of a pass. ``place`` is where it was left within a partition; ``last`` names the last one that was done."""

    project: Project
    one: Pass
    place: Place | None
    until: float
    through: bool = True
    last: str = ""
    done: list[RangeVerified] = field(default_factory=list[RangeVerified])

    def component(self, component: Component) -> bool:
        """Verify what the pass still has to look at of a component, while there is time; whether any partition was done."""
        before = len(self.done)
        for found in _left(self.project, component, self.one):
            if time.monotonic() >= self.until:
                self.through = False
                break
            self.range(found)
        return len(self.done) > before

    def range(self, found: KeyRange) -> None:
        """Verify a partition, or some of it."""
        given_up = threading.Event()
        timer = threading.Timer(self.until + PATIENCE - time.monotonic(), given_up.set)
        timer.daemon = True
        timer.start()
        try:
            ended = verify_until(self.project, found, self.one, self.until, self.place, given_up)
        finally:
            timer.cancel()
        if isinstance(ended, Place):
            self.place, self.through = ended, False
            self.last = f"{found.root} {found.name}"
            return
        self.place, self.last = None, f"{found.root} {found.name}"
        self.done.append(ended)

    @property
    def told(self) -> str:
        """What the tick has done, in words."""
        rows = sum(one.drifted for one in self.done)
        failed = [one for one in self.done if one.error]
        verified = number(len(self.done) - len(failed), "partition")
        parts = [f"verified {verified}, in which {number(rows, 'row')} drifted"]
        parts += [f"{one.range.root} {one.range.name} failed: {one.error}" for one in failed]
        if self.place:
            parts.append(f"{self.last} is to be gone on with, after {self.place.seconds:.0f} s")
        return ", ".join(parts)


def _place(cursor: str | None) -> Place | None:
    try:
        return Place.load(cursor or "")
    except (ValueError, KeyError, TypeError):
        return None


def _left(project: Project, component: Component, one: Pass) -> Iterator[KeyRange]:
    """What the pass still has to look at. What failed in it is left to the next one: nobody behind it is to wait."""
    for root in component.roots:
        ids = [bound.id for bound in project.move(root).bounds]
        with project.reading() as connection:
            looked = ledger.verified(connection, ids)
        failed = {v.range_no for v in looked if v.result == "failed" and v.is_of(one)}
        yield from (found for found in due(project, root, one=one) if found.no not in failed)
