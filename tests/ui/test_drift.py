"""From the red check to the difference, to the run that mends it, and to the green check: as a person follows it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.ui.browser import page, reads, says
from tests.ui.live import Live

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

SAME_AS_OLD = "/assets/new/category?view=checks&checkDetail=same_as_old"


@pytest.fixture(scope="module")
def drifted(live: Live) -> Live:
    """Categories are copied, one of them was changed by hand, and verification has found it."""
    assert live.ended(live.launch_ranges("category", live.keys("category"))) == "SUCCESS"
    live.sample.execute("new", "UPDATE category SET name = 'by hand' WHERE id = 2")
    assert live.run_job("verify_tables") == "SUCCESS"
    return live


@pytest.fixture(scope="module")
def ui(drifted: Live) -> Iterator[Page]:
    with page(drifted.server.url) as found:
        yield found


def test_a_red_check_names_the_row_and_the_sensor_turns_it_green(ui: Page, drifted: Live) -> None:
    ui.goto(SAME_AS_OLD, wait_until="commit")
    says(ui, "1 row differs from its old one")
    reads(ui, "Failed")
    reads(ui, "sample", "different", "name")

    drifted.start_sensor("find_drift")

    def mended() -> str | None:
        runs = drifted.runs(pipelineName="resync_drift")
        return next((str(run["runId"]) for run in runs if run["status"] == "SUCCESS"), None)

    run = drifted.until("a resync run of the sensor's", mended)
    ui.goto(f"/runs/{run}", wait_until="commit")
    reads(ui, "resync_drift", "Success")
    ui.goto(SAME_AS_OLD, wait_until="commit")
    says(ui, "rows are the same as in the old database.")
    reads(ui, "Passed")
