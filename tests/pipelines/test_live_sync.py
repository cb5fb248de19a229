"""The run that applies what the old application changes, and the sensor that keeps it alive."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import dagster as dg
import pytest

from assets.keys import new_key
from changeover.capture.install import install
from changeover.mapping import Registry
from changeover.project import Project
from pipelines import live_sync as module
from pipelines.live_sync import job_name, keep_live_sync, live_sync
from resources import resources_for
from tests.assets.fixtures import Run
from tests.assets.sample.databases import COUPONS, Sample

Tick = Callable[[], tuple[int, str]]
"""How many runs a tick asks for, and why it asks for none."""


@pytest.fixture
def installed(project: Project) -> Project:
    install(project)
    return project


@pytest.fixture
def tick(registry: Registry, instance: dg.DagsterInstance) -> Tick:
    sensor = keep_live_sync(registry, "shop", live_sync(registry, "shop"), running=False)

    def run() -> tuple[int, str]:
        with dg.build_sensor_context(
            instance=instance, resources=resources_for(registry.databases)
        ) as context:
            found = sensor.evaluate_tick(context)
            return len(found.run_requests or []), found.skip_message or ""

    return run


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A live sync that ends when its outbox is empty, and tells of each beat."""
    monkeypatch.setattr(module, "run", partial(module.run, once=True))
    monkeypatch.setattr(module, "SECONDS_BETWEEN_OBSERVATIONS", 0.0)
    return


def test_changes_arrive_and_the_tables_tell_of_them(
    installed: Project, sample: Sample, run_job: Run, copy: Run, once: None
) -> None:
    run_job("plan_tables")
    for table in ("member", "coupon"):
        assert copy(table).success
    sample.execute(
        "shop", "DELETE FROM tb_coupon WHERE cpn_no IN (SELECT cpn_no FROM tb_coupon ORDER BY 1 LIMIT 3)"
    )
    result = run_job(job_name("shop"))
    assert result.success
    assert sample.count("new", "coupon") == COUPONS - 3
    seen = [
        event.asset_observation_data.asset_observation
        for event in result.all_events
        if event.event_type_value == "ASSET_OBSERVATION" and event.asset_key == new_key("coupon")
    ]
    numbers: list[dict[str, Any]] = [
        {name: entry.value for name, entry in one.metadata.items()} for one in seen
    ]
    assert sum(one["deleted"] for one in numbers) == 3
    assert max(one["changes_per_second"] for one in numbers) > 0
    # A plot ends at rest, not at the last change.
    last = ("lag_keys", "waiting", "rejected", "deleted", "changes_per_second")
    assert [numbers[-1][name] for name in last] == [0, 0, 0, 0, 0]


def test_without_triggers_the_run_says_what_to_do(project: Project, run_job: Run) -> None:
    result = run_job(job_name("shop"))
    assert not result.success
    (failure,) = [e for e in result.all_events if e.event_type_value == "STEP_FAILURE"]
    assert "changeover sync install" in str(failure.step_failure_data.user_failure_data)


def test_the_sensor_waits_for_triggers_and_starts_one_run(
    project: Project, tick: Tick, instance: dg.DagsterInstance, registry: Registry
) -> None:
    wanted, why = tick()
    assert (wanted, "changeover sync install" in why) == (0, True)
    install(project)
    assert tick() == (1, "")
    run = instance.create_run_for_job(live_sync(registry, "shop"), status=dg.DagsterRunStatus.STARTED)
    wanted, why = tick()
    assert (wanted, run.run_id in why) == (0, True)
