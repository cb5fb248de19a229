"""What Dagster loads, as a snapshot: of the sample project, and that the project itself loads.

`UPDATE_SNAPSHOTS=1` writes the snapshot anew; read the difference before committing it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster_shared.serdes import serialize_value

from changeover.mapping import Registry
from pipelines.project import definitions, owners_of
from tests.assets.fixtures import SAMPLE

SNAPSHOT = Path(__file__).with_name("definitions.json")
ROOT = Path(__file__).parents[2]
SECRET = "hunter2-and-more"


def test_the_sample_projects_assets_are_as_they_were(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHANGEOVER_OLD_SHOP_URL", "mysql+pymysql://u@h/d")
    monkeypatch.setenv("CHANGEOVER_NEW_URL", "postgresql+psycopg://u@h/d")
    found = _described(definitions(registry, owners_of(str(SAMPLE), registry)))
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(SNAPSHOT.read_text(encoding="utf-8"))


def test_what_the_ui_is_given_holds_no_secret(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CHANGEOVER_OLD_SHOP_URL", "CHANGEOVER_OLD_STUDY_URL", "CHANGEOVER_NEW_URL"):
        monkeypatch.setenv(name, f"mysql+pymysql://reader:{SECRET}@db/shop")
    shown = serialize_value(RepositorySnap.from_def(definitions(registry).get_repository_def()))
    assert "CHANGEOVER_OLD_SHOP_URL" in shown
    assert SECRET not in shown


def test_the_project_loads_without_any_setting_and_without_a_database() -> None:
    code = "import definitions; print(len(definitions.defs.get_repository_def().asset_graph.materializable_asset_keys))"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CHANGEOVER_")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0


def test_mappings_are_read_without_dagster() -> None:
    code = "import sys; from changeover.mapping import load; load('assets'); print('dagster' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr


def _described(found: dg.Definitions) -> dict[str, Any]:
    repository = found.get_repository_def()
    steps = repository.assets_defs_by_key
    return {
        "assets": {
            spec.key.to_user_string(): _asset(spec, steps[spec.key])
            for spec in sorted(found.resolve_all_asset_specs(), key=lambda spec: spec.key)
        },
        "jobs": sorted(job.name for job in repository.get_all_jobs() if not job.name.startswith("__")),
        "sensors": sorted(sensor.name for sensor in repository.sensor_defs),
        "resources": sorted(found.resources or {}),
    }


def _asset(spec: dg.AssetSpec, step: dg.AssetsDefinition) -> dict[str, Any]:
    lineage = spec.metadata.get("dagster/column_lineage")
    return {
        "group": spec.group_name,
        "kinds": sorted(spec.kinds),
        "owners": list(spec.owners),
        "description": spec.description,
        "table": spec.metadata.get("dagster/table_name"),
        "deps": {dep.asset_key.to_user_string(): type(dep.partition_mapping).__name__ for dep in spec.deps},
        "columns": {
            column: [f"{dep.asset_key.to_user_string()}.{dep.column_name}" for dep in deps]
            for column, deps in (lineage.deps_by_column.items() if lineage else ())
        },
        "step": step.op.name if step.is_executable else None,
        "pool": step.op.pool if step.is_executable else None,
        "partitions": spec.partitions_def.name
        if isinstance(spec.partitions_def, dg.DynamicPartitionsDefinition)
        else None,
        "ranges_a_run": step.backfill_policy.max_partitions_per_run if step.backfill_policy else None,
        "checks": sorted(check.name for check in step.check_specs if check.asset_key == spec.key),
    }
