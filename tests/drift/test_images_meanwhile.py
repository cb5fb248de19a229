"""Images arrive while rows are compared, each time in the order that would hurt: nothing right is called drift."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from changeover.drift import one_range
from changeover.transfer import differing, late
from changeover.transfer.apply import apply
from changeover.transfer.chunk import Keys
from changeover.transfer.id_pool import Pool
from tests.drift.rig import drift, mended, verified
from tests.races.gate import after, before
from tests.transfer.image_scene import notes, shop, store
from tests.transfer.rig import KINDS, Rig, copy

every_kind = pytest.mark.parametrize("kind", KINDS)
servers = pytest.mark.parametrize("kind", ["mariadb", "postgres"])


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_range, "WAIT_SECONDS", 0.001)


@every_kind
def test_rows_whose_image_arrived_and_that_are_not_applied_again_yet_are_under_way(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind)
    project = shop(r, [(no, f"{no}.png") for no in range(1, 11)])
    copy(project)
    assert [one.results[0].result for one in verified(project)] == ["equal"]
    store(r, project, "3.png", "4.png")
    found = verified(project)
    assert drift(project, found) == {}
    assert [(one.results[0].result, one.results[0].hot, one.results[0].compared) for one in found] == [
        ("hot", 2, 8)
    ]
    apply(project, project.move("shop.tb_product"), Keys(("3", "4")), Pool())
    assert [one.results[0].result for one in verified(project)] == ["equal"]


@every_kind
def test_a_key_or_an_old_url_that_somebody_changed_is_drift(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = shop(r, [(no, f"{no}.png") for no in range(1, 5)])
    store(r, project, "1.png", "2.png")
    copy(project)
    r.run(
        r.new,
        "UPDATE product SET image = '1.png' WHERE id = 1",
        "UPDATE product SET image = 'x' WHERE id = 3",
    )
    different = ("different", ("image",))
    assert drift(project, verified(project)) == {"product": {"1": different, "3": different}}
    assert all(one.mended for one in mended(project))
    assert r.rows("product", "image") == [("3.png",), ("4.png",), ("new/1.png",), ("new/2.png",)]
    assert [key for key, _ in notes(r)] == ["3", "4"]


@servers
@pytest.mark.parametrize("at", ["read", "late"])
def test_an_image_that_arrives_and_is_applied_amid_a_look_is_no_drift(
    rig: Callable[..., Rig], kind: str, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mover stores an image and applies its row, which shares the lock, after the target was looked at for the last time."""
    r = rig(kind)
    project = shop(r, [(no, f"{no}.png") for no in range(1, 21)])
    copy(project)
    left = [3, 4, 5]

    def moved(*_: Any, **__: Any) -> None:
        if left:
            no = left.pop()
            store(r, project, f"{no}.png")
            apply(project, project.move("shop.tb_product"), Keys((str(no),)), Pool())

    if at == "read":
        after(monkeypatch, differing, "read", moved)
    else:
        after(monkeypatch, differing, "late", moved)
        before(monkeypatch, late, "put_keys", lambda *_, **__: None)
    for _ in range(3):
        assert drift(project, verified(project)) == {}
    assert len(notes(r)) == 17


@servers
def test_an_image_that_arrives_amid_a_look_without_its_row_is_no_drift(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    project = shop(r, [(no, f"{no}.png") for no in range(1, 21)])
    copy(project)
    left = list(range(1, 21))

    def arrived(*_: Any, **__: Any) -> None:
        if left:
            store(r, project, f"{left.pop()}.png")

    before(monkeypatch, differing, "read", arrived)
    before(monkeypatch, differing, "late", arrived)
    assert drift(project, verified(project)) == {}
