"""The Dagster settings that ship are ones that the locked Dagster accepts, and say what they are meant to say."""

from __future__ import annotations

import shutil
from pathlib import Path

from dagster import DagsterInstance

ROOT = Path(__file__).resolve().parents[2]


def test_dagster_accepts_the_settings(tmp_path: Path) -> None:
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        assert instance.telemetry_enabled is False
        assert instance.run_monitoring_enabled is True
        assert instance.run_retries_enabled is True
        concurrency = instance.get_concurrency_config()
        assert concurrency.run_queue_config is not None
        assert concurrency.run_queue_config.max_concurrent_runs == 10
        assert concurrency.pool_config.default_pool_limit == 2
        assert instance.get_settings("run_retries")["retry_on_asset_or_op_failure"] is False
