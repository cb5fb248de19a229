"""A finding is handed to a resync run until it is mended: never to two at a time, and not for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from changeover.errors import ChangeoverError
from changeover.mapping import Registry
from pipelines import find_drift as module
from pipelines import mending
from pipelines.mending import ATTEMPTS, FINDING, MINUTES_BETWEEN
from pipelines.resync_drift import JOB, resync_drift
from resources import resources_for
from tests.assets.fixtures import Run
from tests.assets.sample.databases import Sample

Tick = Callable[[], Any]


class Clock:
    """Says always the same."""

    def __init__(self, at: float) -> None:
        self.at = at

    def time(self) -> float:
        return self.at


@pytest.fixture(autouse=True)
def _copied(copied: Callable[..., None]) -> None:
    copied("category", "member", "coupon", "study")


@pytest.fixture
def tick(registry: Registry, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Tick:
    monkeypatch.setattr(module, "SECONDS_A_TICK", 3_600.0)
    sensor = module.find_drift(registry, resync_drift(registry))
    cursor: list[str | None] = [None]

    def run() -> Any:
        resources = resources_for(registry.databases)
        with dg.build_sensor_context(instance=instance, resources=resources, cursor=cursor[0]) as context:
            found = sensor.evaluate_tick(context)
        cursor[0] = found.cursor
        return found

    return run


def launched(instance: dg.DagsterInstance, request: dg.RunRequest, status: dg.DagsterRunStatus) -> str:
    run = create_run_for_test(instance, job_name=JOB, status=status, tags=dict(request.tags))
    return run.run_id


def drifted(sample: Sample) -> None:
    sample.execute("new", "UPDATE coupon SET amount = 4711 WHERE id = 7")


@pytest.mark.parametrize("status", ["STARTING", "STARTED"])
def test_a_run_under_way_is_waited_for(
    tick: Tick, sample: Sample, instance: dg.DagsterInstance, status: str
) -> None:
    drifted(sample)
    (request,) = tick().run_requests
    run = launched(instance, request, dg.DagsterRunStatus[status])
    found = tick()
    assert not found.run_requests
    assert run in found.skip_message


@pytest.mark.parametrize("status", ["CANCELED", "FAILURE", "SUCCESS"])
def test_a_finding_that_its_run_left_open_gets_other_attempts_with_growing_pauses_and_not_for_ever(
    tick: Tick, sample: Sample, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    drifted(sample)
    (request,) = tick().run_requests
    keys, at = {request.run_key}, time.time()
    for attempt in range(2, ATTEMPTS + 1):
        launched(instance, request, dg.DagsterRunStatus[status])
        assert not tick().run_requests
        at += 60 * MINUTES_BETWEEN * 2 ** (attempt - 2)
        with monkeypatch.context() as patched:
            patched.setattr(mending, "time", Clock(at - 30))
            assert "another attempt in" in tick().skip_message
            patched.setattr(mending, "time", Clock(at + 600))
            (request,) = tick().run_requests
        at = time.time()
        assert request.tags["changeover/attempt"] == str(attempt)
        assert request.run_key not in keys
        keys.add(request.run_key)
    launched(instance, request, dg.DagsterRunStatus[status])
    monkeypatch.setattr(mending, "time", Clock(at + 9 * 24 * 3600))
    found = tick()
    assert not found.run_requests
    assert "look into it" in found.skip_message


def test_what_drifts_anew_is_another_finding_with_attempts_of_its_own(
    tick: Tick, sample: Sample, instance: dg.DagsterInstance, run_job: Run
) -> None:
    drifted(sample)
    (first,) = tick().run_requests
    launched(instance, first, dg.DagsterRunStatus.CANCELED)
    assert run_job("resync_drift").success
    drifted(sample)
    (second,) = tick().run_requests
    assert second.tags[FINDING] != first.tags[FINDING]


def test_a_partition_that_takes_longer_than_a_tick_is_gone_on_with_and_starves_nobody(
    tick: Tick, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    drifted(sample)
    monkeypatch.setattr(module, "SECONDS_A_TICK", 0.0)
    monkeypatch.setattr(module._Sweep, "component", _one_step)
    told, requests = [], []
    for _ in range(100):
        found = tick()
        requests += found.run_requests or []
        told.append(found.cursor)
        if requests and "shop.tb_coupon" not in (found.cursor or ""):
            break
    places = [cursor for cursor in told if cursor and cursor.startswith("{")]
    assert len(places) > 1  # some partitions took several ticks
    assert [request.tags["changeover/root"] for request in requests[:1]] == ["shop.tb_coupon"]


def _one_step(sweep: Any, component: Any) -> bool:
    """A tick with time for one step."""
    done = len(sweep.done)
    if sweep.through:
        for found in module._left(sweep.project, component, sweep.one):
            sweep.range(found)
            sweep.through = False
            break
    return len(sweep.done) > done


def test_a_partition_that_fails_is_said_and_the_next_ones_have_their_turn(
    tick: Tick, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(module.verify_until.__globals__["RangeLook"]):
        def run(self, until: float | None = None) -> bool:
            if self.found.no == 1:
                raise ChangeoverError("the server said no")
            return super().run(until)

    monkeypatch.setitem(module.verify_until.__globals__, "RangeLook", Failing)
    found = tick()
    assert "failed: the server said no" in found.skip_message
    (check,) = [e for e in found.asset_events if e.asset_key.path[-1] == "coupon"]
    assert (check.check_name, check.passed, check.metadata["partitions_failed"].value) == (
        "same_as_old",
        False,
        1,
    )
    assert check.metadata["rows_compared"].value
