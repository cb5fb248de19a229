"""A row that no root leads to, from the sensor's tick to the run that deletes it, and the check that tells of it."""

from __future__ import annotations

from dataclasses import replace

import dagster as dg
import pytest

from changeover.mapping import Registry, load
from pipelines import find_drift as module
from pipelines.project import definitions
from pipelines.resync_drift import resync_drift
from resources import resources_for
from tests.assets.fixtures import SAMPLE, Run, checked
from tests.assets.sample.databases import Sample


@pytest.fixture(scope="module")
def registry() -> Registry:
    """The sample's, with studies that nobody else writes."""
    mappings = load(SAMPLE).mappings
    return Registry(tuple(replace(m, exclusive=m.target == "study") for m in mappings))


@pytest.fixture(scope="module")
def defs(registry: Registry) -> dg.Definitions:
    return definitions(registry)


def test_a_row_without_a_root_is_told_and_deleted_by_a_run_of_the_sensor(
    run_job: Run, copy: Run, sample: Sample, instance: dg.DagsterInstance, registry: Registry
) -> None:
    run_job("plan_tables")
    for table in ("category", "member", "coupon", "study"):
        assert copy(table).success
    sample.execute("new", "INSERT INTO study (id, title, owner_id) VALUES (9000, 'by hand', 1)")
    found = checked(run_job("verify_tables"), "study", "same_as_old")[None]
    assert not found.passed
    assert found.metadata["extra"].value == 1
    table = found.metadata["sample"]
    assert isinstance(table, dg.TableMetadataValue)
    assert [(r.data["partition"], r.data["key"]) for r in table.records] == [
        ("whole-table", "(none) row 9000")
    ]
    sensor = module.find_drift(registry, resync_drift(registry))
    with dg.build_sensor_context(instance=instance, resources=resources_for(registry.databases)) as context:
        (request,) = sensor.evaluate_tick(context).run_requests or []
    assert request.tags["changeover/range"] == "whole-table"
    assert run_job("resync_drift", dict(request.run_config)).success
    assert sample.execute("new", "SELECT * FROM study WHERE id = 9000") == []
    result = run_job("verify_tables")
    assert checked(result, "study", "same_as_old")[None].passed
