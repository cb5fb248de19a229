"""Stored images that are asked for again: what is unchanged is not sent, and what has changed is in all rows that name it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa

from changeover.image_sets import changed as module
from changeover.image_sets import move_images, move_waiting, reapply, refresh_images
from changeover.image_sets.changed import reapply_changed
from changeover.image_sets.moved import ImagesMoved
from changeover.image_sets.waiting import any_waiting
from changeover.images.image import Arrived, Outcome, Refused, Unchanged, Wanted
from changeover.ledger import image_audit
from changeover.ledger import images as manifest
from changeover.ledger.tables import image as table
from changeover.mapping import ImageSet
from changeover.project import Project
from changeover.transfer.id_pool import Pool
from tests.drift.rig import drift, verified
from tests.image_sets.depot import Depot
from tests.transfer.image_scene import BASE, PHOTOS, notes, shop
from tests.transfer.rig import KINDS, Rig, assert_settled, copy

every_kind = pytest.mark.parametrize("kind", KINDS)


@dataclass
class Versions:
    """A host whose images have versions, told by their ETags; ``gone`` ones are there no more."""

    now: dict[str, int] = field(default_factory=dict[str, int])
    gone: set[str] = field(default_factory=set[str])
    sent: list[str] = field(default_factory=list[str])
    asked: list[Wanted] = field(default_factory=list[Wanted])
    key: str = "new"

    def carry(self, images: ImageSet, wanted: Iterable[Wanted]) -> Iterator[Outcome]:
        """See `Carrier`."""
        del images
        for one in wanted:
            self.asked.append(one)
            yield self.outcome(one)

    def outcome(self, one: Wanted) -> Outcome:
        name, version = one.url.rpartition("/")[2], self.now.get(one.url, 1)
        if one.url in self.gone:
            return Refused(one.url, "missing", "the host answered 404")
        if one.etag == str(version):
            return Unchanged(one.url)
        self.sent.append(one.url)
        key = f"{self.key}/{version}/{name}"
        return Arrived(one.url, one.url, key, 10, "image/png", f"{version:064}", 1, 1, str(version))


def moved(project: Project, host: Versions) -> list[ImagesMoved]:
    return list(move_images(project, "shop.tb_product", host))


def refreshed(project: Project, host: Versions) -> ImagesMoved:
    (found,) = refresh_images(project, [PHOTOS], host)
    return found


def states(r: Rig) -> dict[str, int]:
    with r.new.connect() as connection:
        found = connection.execute(sa.select(table.c.state, sa.func.count()).group_by(table.c.state))
        return {row[0]: row[1] for row in found}


@every_kind
def test_what_is_unchanged_is_not_sent_again(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = shop(r, [(no, f"{no % 5}.png") for no in range(1, 21)])
    copy(project, rows_per_range=8)
    host = Versions()
    moved(project, host)
    assert len(host.sent) == 5
    host.asked.clear()
    found = refreshed(project, host)
    assert (found.referenced, found.known, found.transferred, found.rows_applied) == (5, 5, 0, 0)
    assert {one.etag for one in host.asked} == {"1"}
    assert len(host.sent) == len(host.asked) == 5
    assert set(r.rows("changeover_image", "state", "lease", "attempts")) == {("stored", None, 1)}


@every_kind
def test_what_has_changed_is_in_all_rows_that_name_it(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = shop(r, [(no, f"{no % 5}.png") for no in range(1, 21)])
    done = copy(project, rows_per_range=8)
    host = Versions()
    moved(project, host)
    host.now = {f"{BASE}3.png": 2}
    found = refreshed(project, host)
    assert (found.known, found.transferred, found.rows_applied) == (4, 1, 4)
    assert sorted({key for (key,) in r.rows("product", "image")}) == [
        "new/1/0.png", "new/1/1.png", "new/1/2.png", "new/1/4.png", "new/2/3.png",
    ]  # fmt: skip
    assert states(r) == {"stored": 5}
    assert notes(r) == []
    assert drift(project, verified(project)) == {}
    assert_settled(project, done)


@every_kind
def test_what_is_gone_from_its_origin_stays_stored(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = shop(r, [(1, "1.png"), (2, "2.png")])
    copy(project)
    host = Versions()
    moved(project, host)
    host.gone = {f"{BASE}1.png"}
    found = refreshed(project, host)
    assert (found.known, found.rejected) == (1, 1)
    assert states(r) == {"stored": 2}
    assert drift(project, verified(project)) == {}


@every_kind
def test_the_same_bytes_keep_their_key_however_keys_are_formed_by_now(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind)
    project = shop(r, [(1, "1.png")])
    copy(project)
    host = Versions()
    moved(project, host)
    with r.new.begin() as connection:
        connection.execute(sa.update(table).values(etag=None))
    host.key = "other"
    refreshed(project, host)
    assert len(host.sent) == 2
    assert r.rows("product", "image") == [("new/1/1.png",)]
    assert states(r) == {"stored": 1}


@every_kind
def test_rows_that_hold_a_former_key_are_under_way_until_any_run_has_applied_them(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that was killed between the new key and the rows."""
    r = rig(kind)
    project = shop(r, [(no, f"{no}.png") for no in range(1, 11)])
    copy(project)
    host = Versions()
    moved(project, host)
    host.now = {f"{BASE}3.png": 2, f"{BASE}4.png": 2}

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, "apply_all", killed)
        with pytest.raises(Killed):
            refreshed(project, host)
    assert states(r) == {"stored": 8, "changed": 2}
    found = verified(project)
    assert drift(project, found) == {}
    assert [one.results[0].hot for one in found] == [2]
    with r.new.begin() as connection:
        assert "new/2/3.png" not in {one.key for one in image_audit.stored(connection)}
    assert any_waiting(project)
    moved(project, host)  # asks for nothing, and waits for nobody
    list(move_waiting(project, host, whole=True))
    assert dict(r.rows("product"))[3] == "new/2/3.png"
    assert states(r) == {"stored": 10}
    assert not any_waiting(project)
    assert drift(project, verified(project)) == {}


@every_kind
def test_an_image_that_changes_again_while_rows_are_looked_through_is_looked_for_again(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    project = shop(r, [(no, f"{no}.png") for no in range(1, 4)])
    copy(project)
    host = Versions()
    moved(project, host)
    host.now = {f"{BASE}2.png": 2}
    applied = module.apply_all
    left = [3]

    def again(*args: object) -> None:
        applied(*args)  # pyright: ignore[reportArgumentType]
        if left:
            host.now[f"{BASE}2.png"] = left.pop()
            with project.new.engine.begin() as connection:
                digest = str(connection.execute(_digest("2.png")).scalar())
                arrived = host.outcome(Wanted(f"{BASE}2.png"))
                manifest.record(connection, project.dialect, "photos", {digest: arrived})

    monkeypatch.setattr(module, "apply_all", again)
    refreshed(project, host)
    assert states(r) == {"stored": 2, "changed": 1}
    assert reapply_changed(project, PHOTOS, Pool(), threading.Event()) == 1
    assert states(r) == {"stored": 3}
    assert dict(r.rows("product"))[2] == "new/3/2.png"


@every_kind
def test_of_a_lost_image_that_has_changed_the_rows_get_the_new_key(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind)
    project = shop(r, [(1, "1.png"), (2, "2.png"), (3, "3.png")])
    copy(project)
    host = Versions()
    moved(project, host)
    with r.new.begin() as connection:
        image_audit.lost(connection, image_audit.stored(connection))
    host.now, host.gone = {f"{BASE}2.png": 2}, {f"{BASE}3.png"}
    host.asked.clear()
    moved(project, host)
    assert [one.etag for one in host.asked] == [None] * 3
    assert states(r) == {"stored": 1, "changed": 1, "lost": 1}
    assert drift(project, verified(project)) == {}
    reapply_changed(project, PHOTOS, Pool(), threading.Event())
    assert r.rows("product", "image") == [("new/1/1.png",), ("new/1/3.png",), ("new/2/2.png",)]


@every_kind
def test_a_late_refusal_does_not_undo_what_another_run_has_stored(rig: Callable[..., Rig], kind: str) -> None:
    """A run whose lease had ended meets a host that is down, after another one has moved the image."""
    r = rig(kind)
    project = shop(r, [(1, "1.png")])
    copy(project)
    moved(project, Versions())
    with project.new.engine.begin() as connection:
        digest = str(connection.execute(_digest("1.png")).scalar())
        refused = Refused(f"{BASE}1.png", "missing", "the host answered 404")
        manifest.record(connection, project.dialect, "photos", {digest: refused})
    assert states(r) == {"stored": 1}
    assert r.rows("product", "image") == [("new/1/1.png",)]


@every_kind
def test_many_rows_that_wait_for_one_image_are_read_a_page_at_a_time(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    project = shop(r, [(no, "1.png" if no % 2 else "2.png") for no in range(1, 1_201)])
    copy(project)
    pages: list[int] = []
    inner = reapply.apply_all

    def counted(*args: object) -> None:
        pages.append(len(args[2]))  # pyright: ignore[reportArgumentType]
        inner(*args)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(reapply, "apply_all", counted)
    depot = Depot({f"{BASE}2.png": False})
    (one,) = move_images(project, "shop.tb_product", depot)
    assert (one.transferred, one.rejected, one.rows_applied) == (1, 1, 600)
    assert pages == [500, 100]
    assert len(one.rejects) <= 12
    assert len(notes(r)) == 600


def _digest(name: str) -> sa.Select[tuple[str]]:
    return sa.select(table.c.digest).where(table.c.original_url == name)
