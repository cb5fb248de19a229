"""One Dagster for all tests of this folder: starting it costs 20 CPU-seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.assets.fixtures import SAMPLE
from tests.assets.sample.databases import build
from tests.dagster_server import running_dagster
from tests.ui.live import Live


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Dagster on the sample project, with its tables planned."""
    sample = build(tmp_path_factory.mktemp("databases"))
    with running_dagster(SAMPLE, sample.environment) as server:
        found = Live(server, sample)
        assert found.run_job("plan_tables") == "SUCCESS", server.log.read_text()[-4000:]
        yield found
