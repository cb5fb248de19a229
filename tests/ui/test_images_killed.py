"""A run that moves images and is killed amid them, on a real Dagster: seen as failed, taken up again, no image fetched twice."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from demo.servers import SeaweedFS
from tests.assets.sample.databases import Sample
from tests.dagster_server import running_dagster
from tests.images.host import Handler, Host, body, misbehaving
from tests.images.pictures import picture
from tests.ledger_tables import make_ledger
from tests.ui.live import Live

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
PICTURES, STUCK = 30, 15
KEY = [{"path": ["images", "photos"]}]
MAPPINGS = """
from changeover.mapping import ImageSet, Mapping, image, old

photo = old("shop", "tb_photo")
photos = ImageSet("photos", hosts=("127.0.0.1:{port}",), base="http://127.0.0.1:{port}/", prefix="{prefix}/")
mapped = Mapping("photo", photo, {{"image": image(photo.img, images=photos)}}, rows_per_range=10, domain="shop")
"""


@pytest.fixture
def host() -> Iterator[Host]:
    with misbehaving() as host:
        yield host


@pytest.fixture
def live(tmp_path: Path, host: Host, s3_server: SeaweedFS) -> Iterator[Live]:
    """Rows that were copied, and whose images are not moved yet."""
    domain = tmp_path / "moves" / "shop"
    domain.mkdir(parents=True)
    for folder in (domain, domain.parent):
        (folder / "__init__.py").touch()
    (domain / "photos.py").write_text(MAPPINGS.format(port=host.port, prefix=tmp_path.name))
    urls = {name: f"sqlite:///{tmp_path / name}.db" for name in ("shop", "new")}
    engines = {name: sa.create_engine(url) for name, url in urls.items()}
    with engines["shop"].begin() as connection:
        connection.execute(sa.text("CREATE TABLE tb_photo (id INTEGER PRIMARY KEY, img TEXT)"))
        rows = [{"n": n, "u": f"{n}.png"} for n in range(1, PICTURES + 1)]
        connection.execute(sa.text("INSERT INTO tb_photo VALUES (:n, :u)"), rows)
    with engines["new"].begin() as connection:
        connection.execute(sa.text("CREATE TABLE photo (id INTEGER PRIMARY KEY, image TEXT)"))
    make_ledger(engines["new"])
    for engine in engines.values():
        engine.dispose()
    environment = {
        **s3_server.environment(),
        "CHANGEOVER_OLD_SHOP_URL": urls["shop"],
        "CHANGEOVER_NEW_URL": urls["new"],
        "CHANGEOVER_IMAGE_NETWORKS": "127.0.0.0/8",
    }
    with running_dagster(domain.parent, environment) as server:
        found = Live(server, Sample(tmp_path))
        assert found.run_job("plan_tables") == "SUCCESS", server.log.read_text()[-4000:]
        assert found.ended(found.launch_ranges("photo", found.keys("photo"))) == "SUCCESS"
        yield found


def test_a_killed_run_of_images_fails_and_is_taken_up_without_a_second_fetch(live: Live, host: Host) -> None:
    opened = threading.Event()
    for number in range(1, PICTURES + 1):
        host.paths[f"/{number}.png"] = body(picture("png", number, (8, 8)))
    inner = host.paths[f"/{STUCK}.png"]

    def stuck(handler: Handler) -> None:
        opened.wait(240)
        inner(handler)

    host.paths[f"/{STUCK}.png"] = stuck
    keys = live.keys("photo")
    tags = {"dagster/asset_partition_range_start": keys[0], "dagster/asset_partition_range_end": keys[-1]}
    run = live.launch({"jobName": "__ASSET_JOB", "assetSelection": KEY}, **tags)
    worker = live.worker(run)
    done = "SELECT count(*) FROM changeover_image WHERE state = 'stored'"
    live.until("all but one of two ranges", lambda: live.sample.execute("new", done)[0][0] == 19)
    os.kill(worker, signal.SIGKILL)
    opened.set()
    assert live.ended(run) == "FAILURE"

    # Dagster's daemon executes it again by itself, and waits for what the killed one had taken.
    again = live.until(
        "a second run", lambda: live.runs(tags=[{"key": "dagster/parent_run_id", "value": run}])
    )
    assert live.ended(again[0]["runId"]) == "SUCCESS"
    asked = Counter(path for path, _ in host.asked)
    assert asked == {f"/{n}.png": 2 if n == STUCK else 1 for n in range(1, PICTURES + 1)}
    found = live.sample.execute("new", "SELECT DISTINCT state, lease FROM changeover_image")
    assert found == [("stored", None)]
    assert live.sample.execute("new", "SELECT count(*) FROM changeover_image_wait") == [(0,)]
    assert live.sample.execute("new", "SELECT count(*) FROM photo WHERE image LIKE '%/%'") == [(PICTURES,)]
    third = live.launch({"jobName": "__ASSET_JOB", "assetSelection": KEY}, **tags)
    assert live.ended(third) == "SUCCESS"
    assert len(host.asked) == PICTURES + 1
