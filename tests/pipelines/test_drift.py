"""From a row that drifted to the red check, the resync run, and the green check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest

from assets.component import components
from assets.keys import new_key
from assets.same_as_old import SAMPLE
from changeover.mapping import Registry
from pipelines import find_drift as module
from pipelines.resync_drift import resync_drift
from pipelines.verify_tables import deep
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


def check(result: dg.ExecuteInProcessResult, table: str = "coupon") -> dg.AssetCheckEvaluation:
    return checked(result, table, "same_as_old")[None]


def latest(instance: dg.DagsterInstance) -> dg.AssetCheckEvaluation:
    key = dg.AssetCheckKey(new_key("coupon"), "same_as_old")
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    assert record.event is not None
    event = record.event.dagster_event
    assert event is not None
    return event.asset_check_evaluation_data


def test_equal_tables_pass_with_what_was_compared(run_job: Run) -> None:
    result = run_job("verify_tables")
    assert result.success
    found = check(result)
    assert found.passed
    assert found.description == "All 1,000 rows are the same as in the old database."
    assert (found.metadata["rows_compared"].value, found.metadata["partitions"].value) == (COUPONS, 10)


def test_one_check_a_table_says_whether_it_is_the_same_and_one_run_compares_all(run_job: Run) -> None:
    found = run_job("verify_tables").get_asset_check_evaluations()
    assert sorted((one.asset_key.path[-1], one.check_name) for one in found) == [
        (table, "same_as_old") for table in ("category", "coupon", "member", "product", "study", "study_rule")
    ]


def test_all_tables_are_compared_value_by_value_by_the_configuration_for_it(
    run_job: Run, registry: Registry, sample: Sample
) -> None:
    assert run_job("verify_tables", deep(components(registry))).success
    assert sample.execute("new", "SELECT DISTINCT depth FROM changeover_verified") == [("values",)]


def test_what_is_copied_again_is_not_compared_since_which_is_a_warning(
    run_job: Run, copy: Run, instance: dg.DagsterInstance
) -> None:
    run_job("verify_tables")
    assert latest(instance).passed
    assert copy("coupon", ["0000000101-0000000200"]).success
    found = latest(instance)
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert found.description == (
        "1 of 10 partitions is not compared since the copy: launch the job `verify_tables`."
    )
    assert found.metadata["partitions_named"].value == ["0000000101-0000000200"]
    assert check(run_job("verify_tables")).passed


def test_a_row_that_differs_is_red_until_its_partition_is_copied_again(
    run_job: Run, copy: Run, sample: Sample, instance: dg.DagsterInstance
) -> None:
    sample.execute("new", "UPDATE coupon SET amount = 4711 WHERE id IN (7, 150)")
    run_job("verify_tables")
    assert latest(instance).metadata["drifted"].value == 2
    assert copy("coupon", ["0000000101-0000000200"]).success
    assert (latest(instance).severity, latest(instance).metadata["drifted"].value) == (
        dg.AssetCheckSeverity.ERROR,
        1,
    )
    assert copy("coupon", ["0000000000-0000000100"]).success
    assert (latest(instance).severity, latest(instance).metadata["drifted"].value) == (
        dg.AssetCheckSeverity.WARN,
        0,
    )


def test_a_row_whose_root_is_gone_is_left_over(run_job: Run, sample: Sample) -> None:
    sample.execute("shop", "DELETE FROM tb_coupon WHERE cpn_no = 7")
    found = check(run_job("verify_tables"))
    assert not found.passed
    assert found.metadata["extra"].value == 1


def test_rejected_rows_are_a_warning_and_no_difference(run_job: Run, copy: Run, sample: Sample) -> None:
    sample.execute("shop", "INSERT INTO tb_coupon VALUES (1001, 1, '7', '1')")
    run_job("plan_tables")
    copy("coupon")
    found = check(run_job("verify_tables"))
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert (found.metadata["rejected"].value, found.metadata["rows_compared"].value) == (1, COUPONS)
    assert "1 row is rejected, and not in the new table" in (found.description or "")


def test_a_row_that_was_stored_after_the_comparison_is_not_compared(
    run_job: Run, copy: Run, sample: Sample, instance: dg.DagsterInstance
) -> None:
    sample.execute("shop", "UPDATE tb_coupon SET st = '7' WHERE cpn_no = 150")
    copy("coupon")
    run_job("verify_tables")
    sample.execute("shop", "UPDATE tb_coupon SET st = '1' WHERE cpn_no = 150")
    assert run_job("retry_rejects").success
    found = latest(instance)
    assert (found.passed, found.severity, found.metadata["rejected"].value) == (
        False,
        dg.AssetCheckSeverity.WARN,
        0,
    )
    assert check(run_job("verify_tables")).passed


def test_what_was_never_planned_was_not_compared(run_job: Run, sample: Sample) -> None:
    found = check(run_job("verify_tables"), "product")
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.WARN
    assert "not copied yet" in (found.description or "")
    for table in ("changeover_range", "changeover_mapping"):
        sample.execute("new", f"DELETE FROM {table}")
    found = check(run_job("verify_tables"))
    assert not found.passed
    assert "Not planned yet" in (found.description or "")


def test_a_drifted_row_fails_the_check_with_its_key_and_column_and_no_value(
    run_job: Run, sample: Sample
) -> None:
    sample.execute("new", "UPDATE coupon SET amount = 4711 WHERE id = 7")
    found = check(run_job("verify_tables"))
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.ERROR
    assert (found.metadata["drifted"].value, found.metadata["different"].value) == (1, 1)
    assert "1 row differs from its old one (1 different)" in (found.description or "")
    table = found.metadata["sample"]
    assert isinstance(table, dg.TableMetadataValue)
    assert [(r.data["key"], r.data["columns"]) for r in table.records] == [("7", "amount")]
    assert "4711" not in str(found.metadata)


def test_more_drifted_rows_than_are_shown_are_all_counted(run_job: Run, sample: Sample) -> None:
    sample.execute("new", "UPDATE coupon SET amount = 4711")
    found = check(run_job("verify_tables"))
    assert f"{COUPONS:,} rows differ from the old ones" in (found.description or "")
    metadata = found.metadata
    assert (metadata["drifted"].value, metadata["different"].value) == (COUPONS, COUPONS)
    assert metadata["columns"].value == {"amount": COUPONS}
    table = metadata["sample"]
    assert isinstance(table, dg.TableMetadataValue)
    assert len(table.records) == SAMPLE < COUPONS


def test_values_are_shown_side_by_side_to_who_asks(run_job: Run, sample: Sample) -> None:
    sample.execute("new", "UPDATE coupon SET amount = 4711 WHERE id = 7")
    config = {"ops": {"verify_coupon": {"config": {"values": True}}}}
    table = check(run_job("verify_tables", config)).metadata["values"]
    assert isinstance(table, dg.TableMetadataValue)
    assert [(r.data["column"], r.data["found"]) for r in table.records] == [("amount", "'4711'")]


def test_a_resync_run_mends_and_turns_the_check_green(
    run_job: Run, sample: Sample, instance: dg.DagsterInstance
) -> None:
    sample.execute("new", "UPDATE coupon SET amount = 4711 WHERE id = 7")
    sample.execute("new", "DELETE FROM coupon WHERE id = 8")
    run_job("verify_tables")
    assert not latest(instance).passed
    dry = {"ops": {"resync": {"config": {"dry_run": True}}}}
    assert run_job("resync_drift", dry).success
    assert not latest(instance).passed
    assert run_job("resync_drift").success
    assert latest(instance).passed
    assert check(run_job("verify_tables")).passed


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


def test_a_partition_that_failed_is_named_and_one_that_was_never_compared_is_counted(
    run_job: Run, sample: Sample, copy: Run, instance: dg.DagsterInstance
) -> None:
    run_job("verify_tables")
    sample.execute(
        "new", "UPDATE changeover_range SET status = 'failed' WHERE no = 3 AND root = 'shop.tb_coupon'"
    )
    found = check(run_job("verify_tables"))
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert found.metadata["partitions_failed"].value == 1
    assert "1 of 10 partitions failed." in (found.description or "")
