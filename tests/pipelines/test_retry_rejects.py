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


def rejected(instance: dg.DagsterInstance) -> dict[str, str]:
    """What the latest evaluation of the table's check says, by partition."""
    key = dg.AssetCheckKey(new_key("coupon"), "no_rejects")
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    assert record.event is not None
    assert record.event.dagster_event is not None
    found = record.event.dagster_event.asset_check_evaluation_data
    assert found.passed is not bool(found.metadata["rejected"].value)
    shares = found.metadata.get("by_partition")
    return (
        {str(r.data["partition"]): str(r.data["rows"]) for r in shares.records}
        if isinstance(shares, dg.TableMetadataValue)
        else {}
    )


def test_mended_rows_are_stored_and_their_tables_check_counts_what_is_left(
    run_job: Run, sample: Sample, instance: dg.DagsterInstance
) -> None:
    sample.execute("shop", "UPDATE tb_coupon SET st = '1' WHERE cpn_no = 150")
    assert rejected(instance) == {BAD: "1", "0000000301-0000000400": "1"}
    assert run_job("retry_rejects").success
    assert sample.count("new", "coupon") == COUPONS - 1
    assert rejected(instance) == {"0000000301-0000000400": "1"}
    sample.execute("shop", "UPDATE tb_coupon SET st = '1' WHERE cpn_no = 350")
    assert run_job("retry_rejects").success
    assert rejected(instance) == {}


def test_only_the_named_mapping_is_tried(run_job: Run, sample: Sample) -> None:
    sample.execute("shop", "UPDATE tb_coupon SET st = '1'")
    config = {"ops": {"retry": {"config": {"mapping": "member"}}}}
    assert run_job("retry_rejects", config).success
    assert sample.count("new", "coupon") == COUPONS - 2


def test_an_unknown_mapping_is_refused_by_name(run_job: Run) -> None:
    result = run_job("retry_rejects", {"ops": {"retry": {"config": {"mapping": "cuopon"}}}})
    assert not result.success
    assert "cuopon" in str(result.all_events)
