"""Fixtures of what stands on Dagster."""

from tests.assets.fixtures import copy, defs, instance, project, registry, run_job, sample

__all__ = ["copy", "defs", "instance", "project", "registry", "run_job", "sample"]
