"""Live sync as a person meets it in the browser: started and stopped there, its numbers on a table's page while it runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from changeover.capture.install import install, uninstall
from changeover.dialects import driver_url
from changeover.mapping import load
from changeover.project import Project
from changeover.settings import Settings
from tests.assets.fixtures import SAMPLE
from tests.ui.browser import page, reads
from tests.ui.live import Live

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

SHOWN = ("lag_keys", "lag_seconds", "changes_per_second", "waiting", "rejected")


@pytest.fixture
def captured(live: Live) -> Iterator[Live]:
    """Triggers stand, and categories and products are copied."""
    environment = live.sample.environment
    urls = {
        name: driver_url(environment[f"CHANGEOVER_OLD_{name.upper()}_URL"])
        for name in ("shop", "community", "study")
    }
    settings = Settings(urls, driver_url(environment["CHANGEOVER_NEW_URL"]), str(SAMPLE))
    with Project.open(load(SAMPLE), settings) as project:
        install(project)
        for table in ("category", "product"):
            assert live.ended(live.launch_ranges(table, live.keys(table))) == "SUCCESS"
        yield live
        for run in live.runs(pipelineName="live_sync_shop"):
            if run["status"] not in ("SUCCESS", "FAILURE", "CANCELED"):
                live.terminate(run["runId"])
                live.ended(run["runId"])
        uninstall(project)


def test_live_sync_is_started_watched_on_the_tables_page_and_stopped(captured: Live) -> None:
    with page(captured.server.url, 1400, 1000) as ui:
        ui.goto("/locations/changeover/sensors/keep_live_sync_shop", wait_until="commit")
        _switch(ui)
        run = captured.until(
            "a run", lambda: captured.runs(pipelineName="live_sync_shop", statuses=["STARTED"])
        )[0]["runId"]
        captured.sample.execute(
            "shop", "UPDATE tb_product SET nm = nm || '!' WHERE prod_no BETWEEN 21 AND 30"
        )
        captured.sample.execute("shop", "UPDATE tb_product SET price = 'none' WHERE prod_no = 31")
        name = "SELECT count(*) FROM product WHERE name LIKE '%!'"
        captured.until("the changes", lambda: captured.sample.execute("new", name)[0][0] == 10)
        captured.until("two observations", lambda: captured.observations("product", "rejected")[-1:] == [1])
        ui.goto("/assets/new/product?view=events", wait_until="commit")
        reads(ui, *SHOWN)
        row = ui.get_by_role("row").filter(has=ui.get_by_text("rejected", exact=True))
        assert row.first.inner_text().split() == ["rejected", "1"]
        ui.goto("/assets/new/product?view=overview", wait_until="commit")
        ui.get_by_text("Plots", exact=True).click()
        ui.locator("button").get_by_text("Events", exact=True).click()
        reads(ui, *SHOWN)
        assert ui.locator("canvas").count() >= len(SHOWN)
        ui.goto("/locations/changeover/sensors/keep_live_sync_shop", wait_until="commit")
        _switch(ui)
        ui.goto(f"/runs/{run}", wait_until="commit")
        ui.get_by_role("button", name="Terminate").first.click()
        ui.get_by_role("dialog").get_by_role("button", name="Terminate").click()
        assert captured.ended(run) == "CANCELED"
        assert captured.sample.execute("new", "SELECT state FROM changeover_sync")[0][0] == "stopped"


def _switch(ui: Page) -> None:
    """The sensor's switch, on or off."""
    switch = ui.locator("input[type=checkbox]").first
    switch.wait_for(state="attached")
    switch.dispatch_event("click")  # it is drawn by the label around it
