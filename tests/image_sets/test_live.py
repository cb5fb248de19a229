"""Images of rows that change while both sides are in use: live sync notes them, and whoever moves images brings them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from changeover.capture import sync
from changeover.capture.install import install
from changeover.image_sets import move_images, move_waiting
from changeover.image_sets.waiting import any_waiting
from changeover.project import Project
from changeover.transfer import by_keys
from changeover.transfer.apply import apply
from changeover.transfer.chunk import Applied
from changeover.transfer.chunk_size import FIRST_OF_MANY
from tests.drift.rig import drift, verified
from tests.image_sets.depot import Depot
from tests.transfer.image_scene import notes, shop
from tests.transfer.rig import KINDS, Rig, copy

every_kind = pytest.mark.parametrize("kind", KINDS)


def synced(project: Project) -> None:
    list(sync.run(project, "shop", stop=threading.Event(), once=True))


@every_kind
def test_new_and_changed_rows_have_their_images_moved(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = shop(r, [(no, f"{no}.png") for no in range(1, 11)])
    install(project)
    copy(project)
    depot = Depot()
    list(move_images(project, "shop.tb_product", depot))
    assert not any_waiting(project)
    r.run(
        r.old,
        "INSERT INTO tb_product (no, img) VALUES (11, '11.png'), (12, '2.png')",
        "UPDATE tb_product SET img = 'new.png' WHERE no = 3",
        "UPDATE tb_product SET img = '1.png' WHERE no = 4",
        "DELETE FROM tb_product WHERE no = 5",
    )
    synced(project)
    assert [key for key, _ in notes(r)] == ["11", "3"]
    found = dict(r.rows("product"))
    assert (found[3], found[4], found[11], found[12]) == ("new.png", "new/1.png", "11.png", "new/2.png")
    assert 5 not in found
    assert drift(project, verified(project)) == {}
    assert any_waiting(project)
    asked = len(depot.asked)
    list(move_waiting(project, depot))
    assert len(depot.asked) == asked + 2
    assert notes(r) == []
    found = dict(r.rows("product"))
    assert (found[3], found[11]) == ("new/new.png", "new/11.png")
    assert drift(project, verified(project)) == {}
    assert not any_waiting(project)


def test_rows_of_many_images_are_few_in_a_transaction(
    rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig("sqlite")
    project = shop(r, [(no, f'["{no}.png"]') for no in range(1, 121)], form="json")
    install(project)
    copy(project)
    r.run(r.old, "UPDATE tb_product SET img = '[\"new.png\"]'")
    applied: list[int] = []

    def counted(*args: Any, **options: Any) -> Applied:
        applied.append(len(args[2].encoded))
        return apply(*args, **options)

    monkeypatch.setattr(by_keys, "apply", counted)
    synced(project)
    assert (applied[0], sum(applied)) == (FIRST_OF_MANY, 120)
    assert len(notes(r)) == 120


@every_kind
def test_a_row_that_changes_its_image_again_before_it_arrived_waits_for_the_new_one_only(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind)
    project = shop(r, [(1, "a.png")])
    install(project)
    copy(project)
    r.run(r.old, "UPDATE tb_product SET img = 'b.png' WHERE no = 1")
    synced(project)
    assert notes(r) == [("1", "b.png")]
    depot = Depot()
    list(move_waiting(project, depot))
    assert [url.rpartition("/")[2] for url in depot.asked] == ["b.png"]
    r.run(r.old, "UPDATE tb_product SET img = NULL WHERE no = 1")
    synced(project)
    assert r.rows("product") == [(1, None)]
    assert notes(r) == []
