"""Fixtures of what stands on Dagster."""

from tests.assets.fixtures import copied, copy, defs, instance, project, registry, run_job, sample

__all__ = ["copied", "copy", "defs", "instance", "project", "registry", "run_job", "sample"]
