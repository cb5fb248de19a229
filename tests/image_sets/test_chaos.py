"""Image runs, live sync, backfill and an application that writes, at once, each killed again and again: in the end rows, manifest
and bucket say the same, and no image was stored twice."""

from __future__ import annotations

import hashlib
import html
import json
import os
import random
import re
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from changeover.image_sets import batch
from changeover.ledger.tables import image as table
from demo.servers import SeaweedFS
from demo.servers.seaweedfs import REGION
from tests.capture.chaos import Program
from tests.cli.shop import Ended, Shop
from tests.images.front import Front, Handler, in_front_of
from tests.images.host import Host, body, misbehaving, status
from tests.images.pictures import picture

ROWS, PICTURES, MISSING = 400, 900, 30
WORKERS, FETCH_SECONDS = 4, 0.5
RAGE_SECONDS = 45.0
QUICK = "from changeover.image_sets import lease; lease.SECONDS, lease.RENEWED_EVERY = 6.0, 1.0; "
"""What a killed run had taken is free after seconds."""
_NAME = re.compile(r"\w+\.png")
MAPPINGS = """
from changeover.mapping import ImageSet, Mapping, image, old

item = old("shop", "tb_item")
photos = ImageSet("photos", hosts=("127.0.0.1:{port}",), base="http://127.0.0.1:{port}/up/", prefix="{prefix}/")
items = Mapping(
    "item",
    item,
    {{
        "image": image(item.img, images=photos),
        "pictures": image(item.imgs, images=photos, form="json"),
        "body": image(item.detail, images=photos, form="html", url_prefix="https://new.example/"),
    }},
    rows_per_range=50,
)
"""


class Scene:
    """A shop whose rows name pictures of a host, which counts who asks for what, and a bucket, which counts what it is sent."""

    def __init__(self, shop: Shop, host: Host, front: Front, seed: int) -> None:
        self.shop, self.host, self.front = shop, host, front
        self.rng, self.prefix = random.Random(seed), shop.package
        self.keys: dict[str, str] = {}
        for number in range(PICTURES):
            content = picture("png", number, (8, 8))
            digest = hashlib.sha256(content).hexdigest()
            name = f"{number}.png"
            self.keys[name] = f"{self.prefix}/{digest[:2]}/{digest[2:4]}/{digest}.png"
            host.paths[f"/up/{name}"] = _slow(content)
        for number in range(MISSING):
            host.paths[f"/up/gone{number}.png"] = status(404)
        names = [*self.keys, *(f"gone{n}.png" for n in range(MISSING))]
        self.rng.shuffle(names)
        self.later, self.names = names[200:], names[:200]
        shop.write_mappings(MAPPINGS.format(port=host.port, prefix=self.prefix))
        text = [sa.Column(name, sa.Text) for name in ("img", "imgs", "detail")]
        sa.Table("tb_item", sa.MetaData(), sa.Column("no", sa.Integer, primary_key=True), *text).create(
            shop.old
        )
        text = [sa.Column(name, sa.Text) for name in ("image", "pictures", "body")]
        sa.Table("item", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), *text).create(shop.new)
        self.write(self.shop.old, [self.row(no) for no in range(1, ROWS + 1)])
        self.last = ROWS

    # What the old rows say, and what the new ones ought to

    def row(self, no: int) -> dict[str, Any]:
        """Relative, absolute, and spelled in a way that means the same."""
        r = self.rng
        listed = [self.url(r.choice(self.names)) for _ in range(r.randrange(4))]
        tags = "".join(
            f'<p>x<IMG src="{html.escape(self.url(r.choice(self.names)))}">' for _ in range(r.randrange(3))
        )
        return {
            "no": no,
            "img": self.url(r.choice(self.names)) if r.random() < 0.9 else None,
            "imgs": json.dumps(listed) if r.random() < 0.9 else "",
            "detail": tags,
        }

    def url(self, name: str) -> str:
        forms = (
            name,
            f"http://127.0.0.1:{self.host.port}/up/{name}",
            f"http://0x7f.1:{self.host.port}/up/./{name}",
        )
        return self.rng.choice(forms)

    def expected(self, row: Any) -> tuple[Any, ...]:
        no, img, listed, tags = row
        new = lambda url, before="": self._new(url, before)  # noqa: E731
        pictures = json.dumps([new(one) for one in json.loads(listed)]) if listed else listed
        for one in [part.split('"')[0] for part in tags.split('src="')[1:]]:
            tags = tags.replace(f'"{one}"', f'"{new(one, "https://new.example/")}"')
        return no, None if img is None else new(img), pictures, tags

    def _new(self, url: str, before: str) -> str:
        key = self.keys.get(url.rpartition("/")[2])
        return url if key is None else before + key

    # The application

    def write(self, engine: sa.Engine, rows: list[dict[str, Any]]) -> None:
        with engine.begin() as connection:
            connection.execute(sa.text("INSERT INTO tb_item VALUES (:no, :img, :imgs, :detail)"), rows)

    def change(self) -> None:
        """A transaction of the application's."""
        what, no = self.rng.random(), self.rng.randint(1, self.last)
        if self.later and what < 0.5:
            self.names.append(self.later.pop())
        with self.shop.old.begin() as connection:
            if what < 0.15:
                self.last += 1
                connection.execute(
                    sa.text("INSERT INTO tb_item VALUES (:no, :img, :imgs, :detail)"), self.row(self.last)
                )
            elif what < 0.25:
                connection.execute(sa.text("DELETE FROM tb_item WHERE no = :no"), {"no": no})
            elif what < 0.35:
                values = {"img": self.url(self.rng.choice(self.names)), "low": no, "high": no + 15}
                connection.execute(
                    sa.text("UPDATE tb_item SET img = :img WHERE no BETWEEN :low AND :high"), values
                )
            else:
                connection.execute(
                    sa.text("UPDATE tb_item SET img = :img, imgs = :imgs, detail = :detail WHERE no = :no"),
                    self.row(no),
                )

    def keep_writing(self, ended: threading.Event) -> None:
        while not ended.wait(self.rng.random() * 0.02):
            with_retry(self.change)

    # The end

    def assert_whole(self) -> None:
        """Every row is what its old row says, by keys that this test has computed itself."""
        with self.shop.old.connect() as connection:
            old = connection.execute(sa.text("SELECT no, img, imgs, detail FROM tb_item ORDER BY no")).all()
        with self.shop.new.connect() as connection:
            new = connection.execute(sa.text("SELECT id, image, pictures, body FROM item ORDER BY id")).all()
            found = connection.execute(
                sa.select(table.c.original_url, table.c.image_key, table.c.state, table.c.lease)
            )
            entered = {row[0].rpartition("/")[2]: tuple(row[1:]) for row in found}
        assert [tuple(row) for row in new] == [self.expected(row) for row in old]
        named = {name for row in old for name in _NAME.findall(" ".join(map(str, row[1:])))}
        assert named <= entered.keys()
        for name, (key, state, lease) in entered.items():
            mine = self.keys.get(name)
            if name in named:
                assert (key, state, lease) == (mine, "stored" if mine else "rejected", None)
            else:  # a run that was killed may have had it, or have stored it without a note
                assert key in (mine, None)
        left = {
            mine for name, (key, _, _) in entered.items() if key is None and (mine := self.keys.get(name))
        }
        stored = {key for key, _, _ in entered.values() if key}
        assert stored <= self.listed() <= stored | left
        ended = self.shop.run("images", "status", "--json")
        (found,) = ended.document["sets"]
        undone = {name for name, (key, _, _) in entered.items() if key is None}
        assert found["wanted"] + found["rejected"] == len(undone)
        assert (found["unnamed"], ended.code) == (len(undone - named), int(bool(undone & named)))

    def listed(self) -> set[str]:
        client: Any = boto3.client("s3", region_name=REGION)
        pages = client.get_paginator("list_objects_v2").paginate(Bucket="images", Prefix=f"{self.prefix}/")
        return {entry["Key"] for page in pages for entry in page.get("Contents", ())}


def _slow(content: bytes) -> Any:
    inner = body(content)

    def behave(handler: Any) -> None:
        time.sleep(FETCH_SECONDS)
        inner(handler)

    return behave


def with_retry(work: Callable[[], None]) -> None:
    for _ in range(50):
        try:
            return work()
        except exc.DBAPIError:
            time.sleep(0.02)
    raise AssertionError("the application could not write")


def counting(front: Front) -> Counter[str]:
    """Objects that the bucket has taken, by key: of a key that it has it takes no other."""
    taken, lock = Counter[str](), threading.Lock()

    def meddling(handler: Handler) -> bool:
        if handler.command != "PUT":
            return False
        said, headers, content = handler.pass_on()
        if said == 200:
            with lock:
                taken[handler.path] += 1
        handler.send_response(said)
        for name, value in headers:
            if name.lower() not in ("transfer-encoding", "connection", "server", "date", "content-length"):
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
        return True

    front.meddling = meddling
    return taken


@contextmanager
def programs(scene: Scene, folder: Path) -> Generator[dict[str, Program]]:
    def program(name: str, *words: str) -> Program:
        arguments = ["-c", f"{QUICK}from changeover.cli import app; app()", *words]
        return Program(name, arguments, folder / f"{name}.log", folder=scene.shop.folder)

    made = {
        "images": program("images", "images", "run", "--workers", str(WORKERS)),
        "images too": program("images too", "images", "run", "--workers", str(WORKERS)),
        "waiting": program("waiting", "images", "run", "--waiting", "--workers", str(WORKERS)),
        "sync": program("sync", "sync", "run", "shop"),
        "backfill": program("backfill", "backfill", "--again"),
    }
    try:
        yield made
    finally:
        for one in made.values():
            one.signal(signal.SIGKILL)


@pytest.fixture
def scene(
    shop: Callable[..., Shop],
    s3_server: SeaweedFS,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Scene]:
    one = shop(request.param, request.param, products=1)
    with misbehaving() as host, in_front_of(s3_server.endpoint) as front:
        for name, value in {
            **s3_server.environment(),
            "AWS_ENDPOINT_URL_S3": front.endpoint,
            "CHANGEOVER_IMAGE_NETWORKS": "127.0.0.0/8",
        }.items():
            monkeypatch.setenv(name, value)
        yield Scene(one, host, front, 1)


def well(ended: Ended, *codes: int) -> Ended:
    assert ended.code in codes, ended.out + ended.err
    return ended


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("scene", ["mariadb", "postgres"], indirect=True)
def test_rows_manifest_and_bucket_agree_after_everything_at_once(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, rng = scene.shop, random.Random(7)
    taken = counting(scene.front)
    well(shop.run("upgrade"), 0)
    well(shop.run("sync", "install"), 0)
    well(shop.run("plan"), 0)
    ended = threading.Event()
    writer = threading.Thread(target=scene.keep_writing, args=(ended,))
    writer.start()
    kills = Counter[str]()
    environment = {**os.environ, **shop.environment}
    with programs(scene, tmp_path) as running:
        until = time.monotonic() + RAGE_SECONDS
        while time.monotonic() < until:
            for one in running.values():
                if one.ended() or not one.running:
                    one.start(environment)
            time.sleep(0.3 + rng.random() * 2)
            name = rng.choice(sorted(running))
            kills[name] += running[name].running
            running[name].signal(signal.SIGKILL)
        ended.set()
        writer.join()
    logs = {file.name: file.read_text() for file in tmp_path.glob("*.log")}
    assert [name for name, text in logs.items() if "Traceback" in text] == []
    well(shop.run("sync", "run", "shop", "--once"), 0)
    well(shop.run("backfill"), 0, 1)
    well(shop.run("images", "run"), 0, 1)
    scene.assert_whole()
    assert set(taken.values()) == {1}
    asked = len(scene.host.asked)
    again = well(shop.run("images", "run", "--json"), 0, 1).document
    assert len(scene.host.asked) == asked
    (table,) = again["tables"]
    assert (table["transferred"], table["reused"], table["failed"]) == (0, 0, 0)
    well(shop.run("images", "verify"), 0)
    well(shop.run("verify"), 0)
    # What a killed run had fetched and not told of, and what was on its way.
    unnoted = kills["images"] + kills["images too"] + kills["waiting"]
    twice = asked - len({path for path, _ in scene.host.asked})
    with capsys.disabled():
        sys.stdout.write(f"\n{asked} images asked for, {twice} of them again; killed: {dict(kills)}\n")
    assert twice <= unnoted * (WORKERS * (batch.RECORDED_AFTER / FETCH_SECONDS + 2))
