"""The sensor that appends ranges as old tables grow."""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg
import pytest

from assets.component import components
from changeover.mapping import Registry
from pipelines import plan_new_ranges as module
from pipelines.project import definitions
from resources import resources_for
from tests.assets.fixtures import Run
from tests.assets.sample.databases import Sample

Tick = Callable[..., dict[str, list[str]]]


@pytest.fixture
def tick(registry: Registry, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Tick:
    """What a tick asks Dagster to add, by the partitions' name; it is added, too."""
    monkeypatch.setattr(module, "SECONDS_A_TICK", 3_600.0)
    sensor = module.plan_new_ranges(registry, running=False)
    cursor: list[str | None] = [None]

    def run() -> dict[str, list[str]]:
        resources = resources_for(registry.databases)
        with dg.build_sensor_context(instance=instance, resources=resources, cursor=cursor[0]) as context:
            found = sensor.evaluate_tick(context)
        cursor[0] = found.cursor
        added = {
            r.partitions_def_name: list(r.partition_keys) for r in found.dynamic_partitions_requests or []
        }
        for name, keys in added.items():
            instance.add_dynamic_partitions(name, keys)
        return added

    return run


def grow(sample: Sample, rows: int, above: int = 1_000) -> None:
    sample.execute(
        "shop",
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) "
        f"INSERT INTO tb_coupon SELECT {above} + i, 1, '0', '1' FROM n",
    )


def test_a_table_that_was_never_planned_is_left_alone(tick: Tick, sample: Sample) -> None:
    assert tick() == {}


def test_nothing_is_added_until_a_whole_range_has_come(tick: Tick, run_job: Run, sample: Sample) -> None:
    run_job("plan_tables")
    grow(sample, 99)
    assert tick() == {}
    grow(sample, 51, above=1_099)
    assert tick() == {"changeover/coupon": ["0000001001-0000001100"]}
    assert tick() == {}


def test_ranges_that_were_planned_without_dagster_are_listed(
    tick: Tick, run_job: Run, sample: Sample, instance: dg.DagsterInstance
) -> None:
    run_job("plan_tables")
    instance.delete_dynamic_partition("changeover/coupon", "0000000901-0000001000")
    assert tick() == {"changeover/coupon": ["0000000901-0000001000"]}


def test_a_tick_adds_a_bounded_number_of_ranges(
    tick: Tick, run_job: Run, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_job("plan_tables")
    grow(sample, 500)
    monkeypatch.setattr(module, "RANGES_A_TICK", 2)
    assert [len(tick().get("changeover/coupon", [])) for _ in range(4)] == [2, 2, 1, 0]


def test_a_tick_that_ran_out_of_time_is_taken_up_by_the_next(
    tick: Tick, run_job: Run, sample: Sample, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_job("plan_tables")
    grow(sample, 100)
    now = 0.0

    def passing() -> float:
        nonlocal now
        now += module.SECONDS_A_TICK * 0.6
        return now

    monkeypatch.setattr(module.time, "monotonic", passing)
    found = [tick() for _ in components(registry)]
    assert [bool(added) for added in found].count(True) == 1
    assert {"changeover/coupon": ["0000001001-0000001100"]} in found


def test_a_database_that_is_away_does_not_keep_the_others_from_growing(
    tick: Tick, run_job: Run, sample: Sample
) -> None:
    run_job("plan_tables")
    sample.execute(
        "shop", "INSERT INTO tb_category SELECT cate_no + 10, cate_cd || 'x', nm, NULL FROM tb_category"
    )
    sample.path("community").unlink()
    sample.path("community").mkdir()
    assert tick() == {"changeover/category": ["0000000011-0000000015", "0000000016-0000000020"]}


@pytest.mark.parametrize(("value", "status"), [("on", "RUNNING"), ("", "STOPPED"), ("off", "STOPPED")])
def test_sensors_run_by_themselves_only_where_the_environment_says_so(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, value: str, status: str
) -> None:
    monkeypatch.setenv("CHANGEOVER_SENSORS", value)
    found = next(s for s in definitions(registry).sensors or [] if s.name == "plan_new_ranges")
    assert isinstance(found, dg.SensorDefinition)
    assert found.default_status.name == status
