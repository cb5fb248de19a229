"""Moving the images of ranges: each once, whoever asks and whatever ends in between, and rows in agreement with the manifest."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from changeover.dialects import Dialect
from changeover.errors import ChangeoverError
from changeover.image_sets import ImagesMoved, move_images, move_waiting, reapply, walk
from changeover.image_sets import batch as module
from changeover.ledger import image_audit
from changeover.ledger import images as manifest
from changeover.ledger.clock import now
from changeover.ledger.tables import image as table
from changeover.mapping import ImageSet
from changeover.planning import plan
from changeover.project import Project
from changeover.transfer import backfill
from changeover.transfer.chunk_size import FIRST_OF_MANY
from tests.drift.rig import drift, verified
from tests.image_sets.depot import Depot
from tests.races.gate import Background, Gate
from tests.transfer.image_scene import BASE, HOST, PHOTOS, mapped, named, notes, shop
from tests.transfer.rig import KINDS, Rig, assert_settled, copy

every_kind = pytest.mark.parametrize("kind", KINDS)
servers = pytest.mark.parametrize("kind", ["mariadb", "postgres"])

ROOT = "shop.tb_product"


def moved(project: Project, depot: Depot, **options: Any) -> list[ImagesMoved]:
    return list(move_images(project, ROOT, depot, **options))


def total(found: list[ImagesMoved], *names: str) -> tuple[int, ...]:
    return tuple(sum(getattr(one, name) for one in found) for name in names)


def states(r: Rig) -> dict[str, int]:
    with r.new.connect() as connection:
        found = connection.execute(sa.select(table.c.state, sa.func.count()).group_by(table.c.state))
        return {row[0]: row[1] for row in found}


@every_kind
def test_images_are_moved_once_and_their_rows_are_applied_again(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = shop(r, [(no, f"{no % 30}.png") for no in range(1, 51)])
    done = copy(project, rows_per_range=20)
    depot = Depot()
    first = moved(project, depot)
    assert len(first) == 3
    assert total(first, "referenced", "known", "transferred", "rejected", "failed") == (50, 20, 30, 0, 0)
    assert sorted(depot.asked) == sorted({f"{BASE}{no}.png" for no in range(30)})
    assert set(r.rows("product", "image")) == {(f"new/{no}.png",) for no in range(30)}
    assert notes(r) == []
    assert_settled(project, done)
    again = moved(project, depot)
    assert len(depot.asked) == 30
    assert total(again, "referenced", "known", "transferred", "rows_applied") == (50, 50, 0, 0)


@every_kind
def test_rows_that_are_copied_after_their_images_are_written_once(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = shop(r, [(no, f"{no}.png") for no in range(1, 21)])
    plan(project, ROOT)
    assert total(moved(project, Depot()), "transferred", "rows_applied") == (20, 0)
    (done,) = copy(project)
    assert done.range.inserted == 20
    assert set(r.rows("product", "image")) == {(f"new/{no}.png",) for no in range(1, 21)}
    assert notes(r) == []


@every_kind
def test_what_is_no_image_is_rejected_once_and_what_could_not_be_had_is_tried_by_the_next_run(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind)
    project = shop(r, [(no, f"{no}.png") for no in range(1, 6)])
    copy(project)
    depot = Depot({f"{BASE}2.png": False, f"{BASE}3.png": True})
    (one,) = moved(project, depot)
    assert (one.transferred, one.rejected, one.failed, one.settled) == (3, 1, 1, False)
    assert [key for key, _ in notes(r)] == ["2", "3"]
    depot.refused, depot.asked = {}, []
    (one,) = moved(project, depot)
    assert depot.asked == [f"{BASE}3.png"]
    assert (one.known, one.transferred, one.rejected, one.failed, one.settled) == (3, 1, 1, 0, True)
    (one,) = moved(project, depot, rejected=True)
    assert (one.known, one.transferred, one.rejected, one.failed) == (4, 1, 0, 0)
    assert notes(r) == []


@every_kind
def test_an_image_that_can_never_be_had_is_rejected_in_the_end(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = shop(r, [(1, "1.png")])
    copy(project)
    depot = Depot({f"{BASE}1.png": True})
    runs = [moved(project, depot)[0] for _ in range(6)]
    assert [one.settled for one in runs] == [False] * 5 + [True]
    assert states(r) == {"rejected": 1}


@every_kind
def test_what_is_referenced_is_the_sum_of_what_became_of_it(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images that several chunks name, under way, stored or refused when the next one names them."""
    monkeypatch.setattr(walk, "ROWS", 10)
    r = rig(kind)
    project = shop(r, [(no, f"{no % 7}.png") for no in range(1, 51)])
    copy(project)
    depot = Depot({f"{BASE}2.png": False, f"{BASE}3.png": True})
    for recorded_at in (500, 3):
        monkeypatch.setattr(module, "RECORDED_AT_ONCE", recorded_at)
        for rejected in (True, False):
            (one,) = moved(project, depot, rejected=rejected)
            assert one.referenced == 35
            assert one.known + one.transferred + one.reused + one.rejected + one.failed == 35
            assert one.rejected
            assert one.failed


@servers
def test_of_two_runs_at_once_one_moves_each_image_and_the_other_waits_for_it(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OTHERS_SECONDS", 0.01)
    r = rig(kind)
    project = shop(r, [(no, f"{no}.png") for no in range(1, 31)])
    copy(project)
    gate = Gate()
    slow, fast = Depot(before=lambda _: gate()), Depot()
    first = Background(lambda: moved(project, slow))
    gate.wait()
    second = Background(lambda: moved(project, fast))
    assert not second.ends_within(0.3)
    gate.open()
    (one,), (other,) = first.result(), second.result()
    assert (one.transferred, other.transferred, other.known) == (30, 0, 30)
    assert len(slow.asked) == 30
    assert fast.asked == []
    assert notes(r) == []


@servers
def test_a_machine_whose_clock_is_ahead_takes_nothing_that_another_moves(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig(kind)
    project = shop(r, [(1, "1.png")])
    copy(project)
    moved(project, Depot({f"{BASE}1.png": True}))
    with r.new.connect() as connection:
        digests = list(connection.execute(sa.select(table.c.digest)).scalars())
    with project.new.engine.begin() as connection:
        assert len(manifest.take(connection, "photos", digests, "a", 60, ["wanted"])) == 1
    for name in ("changeover.ledger.images.now", "changeover.ledger.clock.now"):
        monkeypatch.setattr(name, lambda: now() + timedelta(minutes=10))
    with project.new.engine.begin() as connection:
        assert manifest.take(connection, "photos", digests, "b", 60, ["wanted"]) == []


def test_rows_of_many_images_are_few_until_it_is_known_how_large_they_are(
    rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    r = rig("sqlite")
    project = shop(r, [(no, f'["{no}.png"]') for no in range(1, 121)], form="json")
    plan(project, ROOT)
    chunks: list[int] = []
    list(backfill(project, ROOT, on_chunk=lambda done: chunks.append(done.rows_read)))
    assert (chunks[0], sum(chunks)) == (FIRST_OF_MANY, 120)
    applied: list[int] = []
    known = manifest.keys_of

    def keys_of(
        connection: sa.Connection, dialect: Dialect, images: str, digests: set[str]
    ) -> dict[str, str]:
        applied.append(len(digests))
        return known(connection, dialect, images, digests)

    monkeypatch.setattr(manifest, "keys_of", keys_of)
    (one,) = moved(project, Depot())
    assert (one.transferred, one.rows_applied) == (120, 120)
    assert (applied[0], sum(applied)) == (FIRST_OF_MANY, 120)
    assert notes(r) == []


@every_kind
def test_what_a_killed_run_had_taken_is_moved_once_its_lease_has_ended(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OTHERS_SECONDS", 0.05)
    r = rig(kind)
    project = shop(r, [(no, f"{no}.png") for no in range(1, 6)])
    copy(project)

    class Killed(BaseException):
        pass

    def killed(url: str) -> None:
        if url.endswith("/3.png"):
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module.manifest, "release", lambda *_: None)
        with pytest.raises(Killed):
            moved(project, Depot(before=killed))
    with r.new.begin() as connection:
        assert connection.execute(sa.select(sa.func.count()).where(table.c.lease.is_not(None))).scalar() == 3
        connection.execute(sa.update(table).values(leased_until=now() + timedelta(seconds=0.5)))
    depot = Depot()
    (one,) = moved(project, depot)
    assert sorted(depot.asked) == [f"{BASE}{no}.png" for no in (3, 4, 5)]
    assert (one.known, one.transferred) == (2, 3)
    assert states(r) == {"stored": 5}
    assert notes(r) == []


@every_kind
def test_runs_that_are_killed_are_no_attempts(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = shop(r, [(1, "1.png")])
    copy(project)
    with project.new.engine.begin() as connection:
        manifest.enter(connection, project.dialect, "photos", [named("1.png")])
    for number in range(manifest.ATTEMPTS):
        with project.new.engine.begin() as connection:
            assert manifest.take(connection, "photos", [named("1.png").digest], str(number), -1, ("wanted",))
    moved(project, Depot({f"{BASE}1.png": True}))
    assert r.rows("changeover_image", "state", "attempts") == [("wanted", 1)]


@every_kind
def test_a_bucket_that_refuses_fails_the_range_and_loses_no_image(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = shop(r, [(no, f"{no}.png") for no in range(1, 6)])
    copy(project)

    def refused(url: str) -> None:
        if url.endswith("/3.png"):
            raise ChangeoverError("the bucket refuses")

    (one,) = moved(project, Depot(before=refused))
    assert one.error == "the bucket refuses"
    assert one.transferred == 2
    (one,) = moved(project, Depot())
    assert (one.error, one.known, one.transferred) == (None, 2, 3)
    assert notes(r) == []


@every_kind
def test_a_host_that_is_allowed_later_has_its_images_moved(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = shop(r, [(1, "https://cdn.example/1.png"), (2, "2.png")])
    copy(project)
    moved(project, Depot())
    assert notes(r) == [("1", "https://cdn.example/1.png")]
    wider = ImageSet("photos", hosts=(HOST, "cdn.example"), base=BASE)
    project = r.project(mapped(images=wider))
    (one,) = moved(project, Depot())
    assert (one.known, one.transferred) == (1, 1)
    assert r.rows("product", "image") == [("new/1.png",), ("new/2.png",)]
    assert notes(r) == []


@every_kind
def test_a_lost_image_that_a_row_names_and_nobody_may_fetch_is_not_taken_for_one_that_no_row_names(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind)
    shop(r, [(1, "https://cdn.example/1.png"), (2, "2.png")], images=PHOTOS)
    wide, narrow = (
        r.project(mapped(images=ImageSet("photos", hosts=hosts, base=BASE)))
        for hosts in ((HOST, "cdn.example"), (HOST,))
    )
    copy(wide)
    moved(wide, Depot())
    with wide.new.engine.begin() as connection:
        gone = [one for one in image_audit.stored(connection) if one.key == "new/1.png"]
        image_audit.lost(connection, gone)
    (one,) = moved(narrow, Depot())
    assert (one.known, one.rejected) == (1, 1)
    with narrow.new.engine.begin() as connection:
        image_audit.judged(connection, "photos")
        lost = connection.execute(sa.select(table.c.reason).where(table.c.state == "lost"))
        assert lost.scalars().all() == ["url"]


@every_kind
def test_a_host_that_is_no_longer_allowed_takes_no_key_away(rig: Callable[..., Rig], kind: str) -> None:
    """The old host is switched off after its images were moved, while the old application goes on writing."""
    r = rig(kind)
    shop(r, [(1, "https://cdn.example/1.png"), (2, "2.png")], images=PHOTOS)
    wide, narrow = (
        r.project(mapped(images=ImageSet("photos", hosts=hosts, base=BASE)))
        for hosts in ((HOST, "cdn.example"), (HOST,))
    )
    copy(wide)
    moved(wide, Depot())
    keys = r.rows("product")
    (one,) = moved(narrow, Depot())
    assert (one.referenced, one.known, one.rejected) == (2, 2, 0)
    copy(narrow)
    assert r.rows("product") == keys
    assert drift(narrow, verified(narrow)) == {}
    r.run(r.old, "INSERT INTO tb_product (no, img) VALUES (3, 'https://cdn.example/3.png')")
    copy(narrow)
    assert total(moved(narrow, Depot()), "known", "rejected") == (2, 1)
    assert dict(r.rows("product"))[3] == "https://cdn.example/3.png"
    # Allowed again, its note is one of an image that is waited for.
    assert total(moved(wide, Depot()), "known", "transferred") == (2, 1)
    assert dict(r.rows("product"))[3] == "new/3.png"
    assert notes(r) == []


@every_kind
def test_a_row_of_several_images_is_applied_once_when_the_last_one_is_settled(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RECORDED_AT_ONCE", 1)
    r = rig(kind)
    rows = [(no, json.dumps([f"{no}-{n}.png" for n in range(5)])) for no in range(1, 5)]
    project = shop(r, rows, form="json")
    copy(project)
    applied = Counter[str]()
    inner = reapply.apply_all

    def counted(*args: Any) -> None:
        applied.update(args[2])
        inner(*args)

    monkeypatch.setattr(reapply, "apply_all", counted)
    # The first row's last image is none; nothing of the second row can be had; a run that is alive moves one of the third's.
    depot = Depot({f"{BASE}1-4.png": False, **{f"{BASE}2-{n}.png": n > 2 for n in range(5)}})
    held = named("3-2.png")
    with project.new.engine.begin() as connection:
        manifest.enter(connection, project.dialect, "photos", [held])
        assert manifest.take(connection, "photos", [held.digest], "other", 60, ["wanted"])
    seen: list[Counter[str]] = []

    def ended(_: float) -> bool:
        seen.append(applied.copy())
        with project.new.engine.begin() as connection:
            manifest.release(connection, "other")
        return False

    monkeypatch.setattr(module, "OTHERS_SECONDS", 0.0)
    stop = threading.Event()
    monkeypatch.setattr(stop, "wait", ended)
    moved(project, depot, stop=stop)
    assert seen[0] == {"1": 1, "4": 1}
    assert applied == {"1": 1, "3": 1, "4": 1}
    found = {no: json.loads(text) for no, text in r.rows("product")}
    assert found[1] == [*(f"new/1-{n}.png" for n in range(4)), "1-4.png"]
    assert found[3] == [f"new/3-{n}.png" for n in range(5)]
    assert {key for key, _ in notes(r)} == {"1", "2"}


@every_kind
def test_what_rows_wait_for_is_moved_without_a_walk(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = shop(r, [(no, f"{no % 4}.png") for no in range(1, 11)] + [(11, "ftp://x/y.png")])
    copy(project)
    r.run(r.old, "DELETE FROM tb_product WHERE no > 8")
    depot = Depot({f"{BASE}3.png": True})
    (one,) = move_waiting(project, depot)
    assert (one.range, one.referenced, one.transferred, one.failed) == (None, 4, 3, 1)
    depot.refused = {}
    (one,) = move_waiting(project, depot)
    assert (one.referenced, one.transferred) == (1, 1)
    assert len(depot.asked) == 5
    assert [key for key, _ in notes(r)] == ["11"]
