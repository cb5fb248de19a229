"""From a row that drifted to the red check, the resync run, and the green check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest

from assets.drift import SAMPLE
from assets.keys import new_key
from changeover.mapping import Registry
from pipelines import find_drift as module
from pipelines.resync_drift import resync_drift
from resources import resources_for
from tests.assets.fixtures import Run, checked
from tests.assets.sample.databases import COUPONS, Sample

Tick = Callable[[], Any]


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


def check(result: dg.ExecuteInProcessResult, name: str, table: str = "coupon") -> dg.AssetCheckEvaluation:
    return checked(result, table, name)[None]


def latest(instance: dg.DagsterInstance, name: str) -> bool:
    key = dg.AssetCheckKey(new_key("coupon"), name)
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    assert record.event is not None
    event = record.event.dagster_event
    assert event is not None
    return event.asset_check_evaluation_data.passed


def test_equal_tables_pass_with_what_was_compared(run_job: Run) -> None:
    result = run_job("verify_tables")
    assert result.success
    assert check(result, "no_drift").passed
    assert check(result, "no_drift").metadata["rows_compared"].value == COUPONS
    assert check(result, "all_verified").passed
    assert check(result, "all_verified").metadata["verified"].value == 10


def test_a_drifted_row_fails_the_check_with_its_key_and_column_and_no_value(
    run_job: Run, sample: Sample
) -> None:
    sample.execute("new", "UPDATE coupon SET amount = 4711 WHERE id = 7")
    found = check(run_job("verify_tables"), "no_drift")
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.ERROR
    assert (found.metadata["drifted"].value, found.metadata["different"].value) == (1, 1)
    table = found.metadata["sample"]
    assert isinstance(table, dg.TableMetadataValue)
    assert [(r.data["key"], r.data["columns"]) for r in table.records] == [("7", "amount")]
    assert "4711" not in str(found.metadata)


def test_more_drifted_rows_than_are_shown_are_all_counted(run_job: Run, sample: Sample) -> None:
    sample.execute("new", "UPDATE coupon SET amount = 4711")
    metadata = check(run_job("verify_tables"), "no_drift").metadata
    assert (metadata["drifted"].value, metadata["different"].value) == (COUPONS, COUPONS)
    assert metadata["columns"].value == {"amount": COUPONS}
    table = metadata["sample"]
    assert isinstance(table, dg.TableMetadataValue)
    assert len(table.records) == SAMPLE < COUPONS


def test_values_are_shown_side_by_side_to_who_asks(run_job: Run, sample: Sample) -> None:
    sample.execute("new", "UPDATE coupon SET amount = 4711 WHERE id = 7")
    config = {"ops": {"verify_coupon": {"config": {"values": True}}}}
    table = check(run_job("verify_tables", config), "no_drift").metadata["values"]
    assert isinstance(table, dg.TableMetadataValue)
    assert [(r.data["column"], r.data["found"]) for r in table.records] == [("amount", "'4711'")]


def test_a_resync_run_mends_and_turns_the_check_green(
    run_job: Run, sample: Sample, instance: dg.DagsterInstance
) -> None:
    sample.execute("new", "UPDATE coupon SET amount = 4711 WHERE id = 7")
    sample.execute("new", "DELETE FROM coupon WHERE id = 8")
    run_job("verify_tables")
    assert not latest(instance, "no_drift")
    dry = {"ops": {"resync": {"config": {"dry_run": True}}}}
    assert run_job("resync_drift", dry).success
    assert not latest(instance, "no_drift")
    assert run_job("resync_drift").success
    assert latest(instance, "no_drift")
    assert check(run_job("verify_tables"), "no_drift").passed


def test_the_sensor_launches_one_resync_for_a_finding_and_another_for_the_next(
    tick: Tick, run_job: Run, sample: Sample
) -> None:
    assert tick().run_requests == []
    sample.execute("new", "UPDATE coupon SET amount = 4711 WHERE id = 7")
    first = tick()
    (request,) = first.run_requests or []
    assert next(e for e in first.asset_events if e.asset_key == new_key("coupon")).passed is False
    (same,) = tick().run_requests or []
    assert same.run_key == request.run_key
    assert run_job("resync_drift", dict(request.run_config)).success
    assert tick().run_requests == []
    sample.execute("new", "UPDATE coupon SET amount = 4711 WHERE id = 7")
    (again,) = tick().run_requests or []
    assert again.run_key != request.run_key


def test_the_sensor_goes_on_where_its_budget_ended(tick: Tick, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS_A_TICK", 0.0)
    places = [tick().cursor for _ in range(3)]
    assert places == [None, None, None]
    monkeypatch.setattr(module, "SECONDS_A_TICK", 3_600.0)
    assert tick().cursor is not None


def test_a_partition_that_was_never_verified_is_named(run_job: Run, sample: Sample) -> None:
    run_job("verify_tables")
    sample.execute(
        "new", "UPDATE changeover_range SET status = 'failed' WHERE no = 3 AND root = 'shop.tb_coupon'"
    )
    sample.execute("new", "DELETE FROM changeover_verified WHERE range_no = 4")
    found = check(run_job("verify_tables"), "all_verified")
    assert not found.passed
    assert found.metadata["failed"].value == 1
