"""A run that is asked to stop ends what is under way and notes it: nothing that was stored is fetched a second time."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from changeover.errors import Interrupted
from changeover.image_sets import batch, move_images
from changeover.image_sets.opening import open_carrier
from changeover.images.image import Wanted
from changeover.images.origins.folder import FolderOrigin
from demo.servers import SeaweedFS
from tests.image_sets.test_kills import FILES, build
from tests.image_sets.worker import mapping
from tests.images.pictures import picture
from tests.races.gate import SECONDS
from tests.transfer.rig import KINDS, Rig, copy

every_kind = pytest.mark.parametrize("kind", KINDS)
ROOT = "shop.tb_product"


@pytest.fixture
def folder(tmp_path: Path, s3_server: SeaweedFS, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    made = tmp_path / f"files-{uuid.uuid4().hex[:8]}"
    made.mkdir()
    for number in range(FILES):
        (made / f"{number}.png").write_bytes(picture("png", number, (8, 8)))
    return made


@every_kind
def test_what_is_under_way_is_noted_and_not_fetched_again(
    rig: Callable[..., Rig], kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    build(r)
    project = r.project(mapping(str(folder)))
    copy(project)
    stop, asked, fetch = threading.Event(), Counter[str](), FolderOrigin.fetch

    def counted(self: FolderOrigin, wanted: Wanted, *rest: Any) -> Any:
        asked[wanted.url] += 1
        if sum(asked.values()) == 20:
            stop.set()
        return fetch(self, wanted, *rest)

    monkeypatch.setattr(FolderOrigin, "fetch", counted)
    with open_carrier(8) as carrier:
        with pytest.raises(Interrupted):
            list(move_images(project, ROOT, carrier, stop=stop))
        assert 20 <= len(asked) < FILES
        list(move_images(project, ROOT, carrier))
    assert set(asked.values()) == {1}
    assert len(asked) == FILES
    assert r.rows("changeover_image_wait") == []


@every_kind
def test_what_was_stored_is_noted_while_an_image_is_slow(
    rig: Callable[..., Rig], kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    build(r)
    project = r.project(mapping(str(folder)))
    copy(project)
    fetch, noted = FolderOrigin.fetch, list[int]()

    def slow(self: FolderOrigin, wanted: Wanted, *rest: Any) -> Any:
        if wanted.url.endswith("/59.png"):
            until = time.monotonic() + SECONDS
            while len(r.rows("changeover_image_wait")) > 1 and time.monotonic() < until:
                time.sleep(0.1)
            noted.append(r.rows("changeover_image", "state").count(("stored",)))
        return fetch(self, wanted, *rest)

    monkeypatch.setattr(batch, "RECORDED_AFTER", 0.2)
    monkeypatch.setattr(FolderOrigin, "fetch", slow)
    with open_carrier(8) as carrier:
        list(move_images(project, ROOT, carrier, sets=("photos",)))
    assert noted == [FILES - 1]


def test_a_stop_does_not_wait_for_a_slow_host(
    rig: Callable[..., Rig], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig("sqlite")
    build(r)
    project = r.project(mapping(str(folder)))
    copy(project)
    stop, fetch = threading.Event(), FolderOrigin.fetch
    told: list[bool] = []

    def slow(self: FolderOrigin, wanted: Wanted, most: int, ended: threading.Event) -> Any:
        if wanted.url.endswith("/1.png"):
            stop.set()
            told.append(ended.wait(SECONDS))
        return fetch(self, wanted, most, ended)

    monkeypatch.setattr(FolderOrigin, "fetch", slow)
    with open_carrier(2) as carrier, pytest.raises(Interrupted):
        list(move_images(project, ROOT, carrier, stop=stop))
    assert told == [True]
