"""Runs killed by SIGKILL at every step, and runs at once: no image is lost, none is two objects, rows and bucket agree."""

from __future__ import annotations

import multiprocessing
import random
import signal
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
import sqlalchemy as sa
from PIL import Image

from changeover.planning import plan
from demo.servers import SeaweedFS
from tests.drift.rig import drift, verified
from tests.image_sets import worker
from tests.image_sets.worker import POINTS, mapping
from tests.transfer.rig import KINDS, Rig, copy

FORKSERVER = multiprocessing.get_context("forkserver")
FORKSERVER.set_forkserver_preload(["tests.image_sets.worker"])
ROWS, FILES = 100, 60


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images of which every third row names one that another row names as well."""
    folder = tmp_path_factory.mktemp(f"files-{uuid.uuid4().hex[:8]}-")
    for number in range(FILES):
        noise = random.Random(number)
        made = Image.frombytes("RGB", (8, 8), bytes(noise.randrange(256) for _ in range(192)))
        made.save(folder / f"{number}.png", "PNG")
    return folder


def build(r: Rig) -> None:
    columns = [sa.Column("no", sa.Integer, primary_key=True), sa.Column("img", sa.String(100))]
    table = sa.Table("tb_product", sa.MetaData(), *columns)
    table.create(r.old)
    with r.old.begin() as connection:
        connection.execute(
            table.insert(),
            [{"no": n, "img": f"http://img.example/{n % FILES}.png"} for n in range(1, ROWS + 1)],
        )
    sa.Table(
        "product",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("image", sa.String(200)),
    ).create(r.new)


def started(r: Rig, folder: Path, server: SeaweedFS, point: str = "", nth: int = 1) -> Any:
    urls = [url.render_as_string(hide_password=False) for url in (r.old_urls["shop"], r.new_url)]
    args = (*urls, str(folder), server.environment(), point, nth)
    process = FORKSERVER.Process(target=worker.main, args=args)
    process.start()
    return process


def ended(process: Any) -> int:
    process.join(120)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode


def assert_whole(r: Rig, folder: Path, server: SeaweedFS) -> None:
    """Every row points at an object of its own image, and there is no other."""
    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        region_name="us-east-1",
    )
    found = client.list_objects_v2(Bucket="images", Prefix=f"{folder.name}/")
    keys = {entry["Key"] for entry in found.get("Contents", ())}
    assert len(keys) == FILES
    by_row = dict(r.rows("product"))
    assert set(by_row.values()) == keys
    assert len(by_row) == ROWS
    assert r.rows("changeover_image_wait") == []
    assert set(r.rows("changeover_image", "state", "lease")) == {("stored", None)}
    project = r.project(mapping(str(folder)))
    assert drift(project, verified(project)) == {}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("point", POINTS)
def test_a_killed_run_is_gone_on_with(
    rig: Callable[..., Rig], kind: str, point: str, files: Path, s3_server: SeaweedFS
) -> None:
    r = rig(kind)
    build(r)
    copy(r.project(mapping(str(files))))
    assert ended(started(r, files, s3_server, point, 2)) == -signal.SIGKILL
    assert ended(started(r, files, s3_server)) == 0
    assert_whole(r, files, s3_server)


@pytest.mark.parametrize("kind", ["mariadb", "postgres"])
def test_runs_at_once_agree_even_if_one_is_killed(
    rig: Callable[..., Rig], kind: str, files: Path, s3_server: SeaweedFS
) -> None:
    r = rig(kind)
    build(r)
    project = r.project(mapping(str(files)))
    plan(project, "shop.tb_product")
    copy(project)
    runs = [started(r, files, s3_server, point, 2) for point in ("", "", "stored")]
    assert sorted(map(ended, runs)) in ([-signal.SIGKILL, 0, 0], [0, 0, 0])
    assert_whole(r, files, s3_server)
