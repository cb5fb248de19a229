"""A webhook is told what begins and what is over, once each."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import dagster as dg
import pytest

from pipelines.alert import WEBHOOK, alert
from resources import resources_for
from tests.assets.fixtures import Run
from tests.assets.sample.databases import Sample


class Hook(HTTPServer):
    """Keeps what it is told. ``answer`` is the status it gives."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.answer = 200
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        hook = self.server
        assert isinstance(hook, Hook)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if hook.answer == 200:
            hook.told.append(body)
        self.send_response(hook.answer)
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    with Hook() as server:
        monkeypatch.setattr("pipelines.alert.PATIENCE_SECONDS", 120)
        monkeypatch.setenv(WEBHOOK, f"http://127.0.0.1:{server.server_port}/s3cret")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def tick(sample: Sample, instance: dg.DagsterInstance) -> Callable[[], None]:
    sensor, cursor = alert(running=False), [""]

    def run() -> None:
        with dg.build_sensor_context(
            instance=instance, resources=resources_for(()), cursor=cursor[0] or None
        ) as context:
            cursor[0] = sensor.evaluate_tick(context).cursor or cursor[0]

    return run


def test_rows_whose_image_was_rejected_are_told(
    hook: Hook, tick: Callable[[], None], run_job: Run, copy: Run, sample: Sample
) -> None:
    run_job("plan_tables")
    copy("category")
    sample.execute(
        "new",
        "INSERT INTO changeover_image_wait (mapping_id, root_key, column_name, digest, image_set, original_url, reason) "
        "SELECT id, '7', 'image', 'd', 'photos', 'x', 'it is empty' FROM changeover_mapping WHERE target = 'category'",
    )
    tick()
    sample.execute("new", "DELETE FROM changeover_image_wait")
    tick()
    assert [one["text"] for one in hook.told] == [
        "category: rows with rejected images (1)",
        "category: no rows with rejected images any more",
    ]


def test_drift_is_told_once_and_so_is_its_end(
    hook: Hook, tick: Callable[[], None], run_job: Run, copy: Run, sample: Sample
) -> None:
    run_job("plan_tables")
    for table in ("category", "member", "coupon"):
        copy(table)
    tick()
    assert hook.told == []
    sample.execute("new", "UPDATE coupon SET amount = 4711 WHERE id = 7")
    run_job("verify_tables")
    tick()
    tick()
    assert [one["text"] for one in hook.told] == ["coupon: rows drifted (1)"]
    run_job("resync_drift")
    tick()
    assert hook.told[-1]["text"] == "coupon: no rows drifted any more"
    assert "4711" not in json.dumps(hook.told)


def test_what_could_not_be_told_is_told_at_the_next_tick_and_the_url_is_not_shown(
    hook: Hook, tick: Callable[[], None], sample: Sample
) -> None:
    sample.execute(
        "new",
        "INSERT INTO changeover_capture (\"database\", table_name, state, fingerprint) VALUES ('shop', 'tb_coupon', 'broken', '')",
    )
    hook.answer = 500
    with pytest.raises(Exception, match="500") as failed:
        tick()
    assert "s3cret" not in str(failed.value)
    hook.answer = 200
    tick()
    assert [one["text"] for one in hook.told] == ["shop.tb_coupon: capture broken"]
