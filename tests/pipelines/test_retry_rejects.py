"""Applying rejected rows again."""

from __future__ import annotations

import dagster as dg
import pytest

from assets.keys import new_key
from tests.assets.fixtures import Run
from tests.assets.sample.databases import COUPONS, Sample

BAD = "0000000101-0000000200"


@pytest.fixture(autouse=True)
def _rejected(sample: Sample, run_job: Run, copy: Run) -> None:
    sample.execute("shop", "UPDATE tb_coupon SET st = '7' WHERE cpn_no IN (150, 350)")
    run_job("plan_tables")
    for table in ("member", "coupon"):
        assert copy(table).success
    assert sample.count("new", "coupon") == COUPONS - 2


def passed(instance: dg.DagsterInstance, partition: str) -> bool:
    """The latest evaluation of a partition's check."""
    records = instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(new_key("coupon"), "no_rejects"), limit=100
    )
    found = [r.event.asset_check_evaluation for r in records if r.event and r.event.asset_check_evaluation]
    return next(e.passed for e in found if e.partition == partition)


def test_mended_rows_are_stored_and_their_partitions_turn_green(
    run_job: Run, sample: Sample, instance: dg.DagsterInstance
) -> None:
    sample.execute("shop", "UPDATE tb_coupon SET st = '1' WHERE cpn_no = 150")
    assert not passed(instance, BAD)
    assert run_job("retry_rejects").success
    assert sample.count("new", "coupon") == COUPONS - 1
    assert passed(instance, BAD)
    assert not passed(instance, "0000000301-0000000400")


def test_only_the_named_mapping_is_tried(run_job: Run, sample: Sample) -> None:
    sample.execute("shop", "UPDATE tb_coupon SET st = '1'")
    config = {"ops": {"retry": {"config": {"mapping": "member"}}}}
    assert run_job("retry_rejects", config).success
    assert sample.count("new", "coupon") == COUPONS - 2


def test_an_unknown_mapping_is_refused_by_name(run_job: Run) -> None:
    result = run_job("retry_rejects", {"ops": {"retry": {"config": {"mapping": "cuopon"}}}})
    assert not result.success
    assert "cuopon" in str(result.all_events)
