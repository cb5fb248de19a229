"""Fixtures for everything that stands on Dagster: the sample project, its databases, an instance that nobody keeps."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.component import Component, components
from assets.keys import new_key
from assets.partitions import partitions_name
from changeover.mapping import Registry, load
from changeover.project import Project
from changeover.settings import Settings
from changeover.transfer import backfill
from pipelines.project import definitions
from tests.assets.sample.databases import Sample, build

SAMPLE = Path(__file__).parent / "sample"

Run = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture(scope="session")
def registry() -> Registry:
    return load(SAMPLE)


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sample:
    """The sample's databases, which the environment names."""
    found = build(tmp_path)
    for name, value in found.environment.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture
def project(sample: Sample, registry: Registry) -> Iterator[Project]:
    with Project.open(registry, Settings.from_environment()) as opened:
        yield opened


@pytest.fixture(scope="session")
def defs(registry: Registry) -> dg.Definitions:
    return definitions(registry)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


@pytest.fixture
def run_job(defs: dg.Definitions, instance: dg.DagsterInstance) -> Run:
    """Runs a job by its name: `run_job("plan_tables", {"ops": …})`."""

    def run(name: str, config: dict[str, Any] | None = None) -> dg.ExecuteInProcessResult:
        job = defs.resolve_job_def(name)
        return job.execute_in_process(instance=instance, run_config=config, raise_on_error=False)

    return run


@pytest.fixture
def copy(defs: dg.Definitions, instance: dg.DagsterInstance) -> Run:
    """Copies partitions of a target, all of them by default: `copy("coupon", keys[2:4])`."""

    def run(target: str, keys: Sequence[str] | None = None, **tags: str) -> dg.ExecuteInProcessResult:
        asset = defs.get_repository_def().assets_defs_by_key[new_key(target)]
        assert asset.partitions_def is not None
        wanted = keys or asset.partitions_def.get_partition_keys(dynamic_partitions_store=instance)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return dg.materialize(
                [asset],
                instance=instance,
                raise_on_error=False,
                tags={
                    "dagster/asset_partition_range_start": wanted[0],
                    "dagster/asset_partition_range_end": wanted[-1],
                    **tags,
                },
            )

    return run


@pytest.fixture
def copied(sample: Sample, registry: Registry, run_job: Run) -> Callable[..., None]:
    """Plans all tables and copies some, by their targets, as far as the databases go: Dagster is not told of the copying, which
    would take ten times as long."""

    def run(*targets: str) -> None:
        assert run_job("plan_tables").success
        with Project.open(registry, Settings.from_environment()) as project:
            for root, move in project.moves.items():
                if {bound.mapping.target for bound in move.bounds} & set(targets):
                    assert [done.error for done in backfill(project, root) if done.error] == []

    return run


def component_of(registry: Registry, target: str) -> Component:
    return next(c for c in components(registry) if target in c.targets)


def keys_of(instance: dg.DagsterInstance, registry: Registry, target: str) -> list[str]:
    return list(instance.get_dynamic_partitions(partitions_name(component_of(registry, target))))


def materialized(result: dg.ExecuteInProcessResult, target: str) -> dict[str, dict[str, Any]]:
    """The metadata of a run's materializations by partition."""
    return {
        str(event.partition): {name: entry.value for name, entry in event.materialization.metadata.items()}
        for event in result.all_events
        if event.event_type_value == "ASSET_MATERIALIZATION" and event.asset_key == new_key(target)
    }


def checked(
    result: dg.ExecuteInProcessResult, target: str, name: str
) -> dict[str | None, dg.AssetCheckEvaluation]:
    """A run's evaluations of a check by partition."""
    return {
        evaluation.partition: evaluation
        for evaluation in result.get_asset_check_evaluations()
        if evaluation.asset_key == new_key(target) and evaluation.check_name == name
    }


def why_failed(result: dg.ExecuteInProcessResult) -> str:
    """What the run's failure says."""
    failures = [e.step_failure_data for e in result.all_events if e.event_type_value == "STEP_FAILURE"]
    data = failures[0].user_failure_data
    assert data is not None
    return data.description or ""
