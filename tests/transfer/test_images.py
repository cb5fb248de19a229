"""Columns of images: keys where images are stored, old URLs and a note where they aren't, by every way that rows are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from changeover.mapping import Assigned
from changeover.transfer.apply import apply
from changeover.transfer.chunk import Keys
from changeover.transfer.id_pool import Pool
from tests.transfer.image_scene import BASE, notes, refuse, shop, store
from tests.transfer.rig import KINDS, Rig, assert_settled, copy, counts

every_kind = pytest.mark.parametrize("kind", KINDS)


@every_kind
def test_a_row_gets_its_key_if_the_image_is_stored_and_else_keeps_its_url_with_a_note(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind)
    project = shop(r, [(1, f"{BASE}a.png"), (2, "b.png"), (3, None), (4, ""), (5, "ftp://x/y.png")])
    store(r, project, "a.png")
    done = copy(project)
    assert r.rows("product") == [
        (1, "new/a.png"),
        (2, "b.png"),
        (3, None),
        (4, ""),
        (5, "ftp://x/y.png"),
    ]
    assert notes(r) == [("2", "b.png"), ("5", "ftp://x/y.png")]
    assert_settled(project, done)
    assert notes(r) == [("2", "b.png"), ("5", "ftp://x/y.png")]


@every_kind
def test_a_row_is_applied_again_once_its_image_is_there_and_its_note_goes_with_it(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind)
    project = shop(r, [(no, f"{no}.png") for no in range(1, 8)])
    copy(project)
    assert len(notes(r)) == 7
    store(r, project, *(f"{no}.png" for no in (1, 3)))
    apply(project, project.move("shop.tb_product"), Keys(("1", "2", "3")), Pool())
    assert r.rows("product")[:3] == [(1, "new/1.png"), (2, "2.png"), (3, "new/3.png")]
    assert [key for key, _ in notes(r)] == ["2", "4", "5", "6", "7"]


@every_kind
def test_a_note_goes_with_its_root(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = shop(r, [(no, f"{no}.png") for no in range(1, 8)])
    copy(project)
    r.run(r.old, "DELETE FROM tb_product WHERE no IN (2, 5)", "UPDATE tb_product SET img = '' WHERE no = 3")
    done = copy(project)
    assert counts(done, "deleted") == (2,)
    assert [key for key, _ in notes(r)] == ["1", "4", "6", "7"]
    r.run(r.old, "DELETE FROM tb_product WHERE no = 1")
    apply(project, project.move("shop.tb_product"), Keys(("1",)), Pool())
    assert [key for key, _ in notes(r)] == ["4", "6", "7"]


@every_kind
def test_more_images_than_fit_a_list_of_values_are_looked_up_at_once(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind)
    project = shop(r, [(no, f"{no}.png") for no in range(1, 1502)])
    store(r, project, *(f"{no}.png" for no in range(1, 1400)))
    copy(project)
    assert r.rows("product", "image").count(("new/1399.png",)) == 1
    assert len(notes(r)) == 102


@every_kind
def test_lists_and_html_keep_what_is_not_stored_and_all_that_is_no_image(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind)
    html = "<p>5 < 6 <img alt='>' src=a.png> <IMG SRC=\"b.png\"><a href='a.png?x=1&amp;y=2'>&eacute;</a></p>"
    project = shop(r, [(1, html), (2, "no tags"), (3, "<img src='data:image/png;base64,AA'>")], form="html")
    store(r, project, "a.png", "a.png?x=1&y=2")
    copy(project)
    assert r.rows("product") == [
        (
            1,
            html.replace("src=a.png", "src=new/a.png").replace(
                "'a.png?x=1&amp;y=2'", "'new/a.png%3Fx=1&amp;y=2'"
            ),
        ),
        (2, "no tags"),
        (3, "<img src='data:image/png;base64,AA'>"),
    ]
    assert notes(r) == [("1", "b.png")]


@every_kind
def test_a_list_that_is_none_is_a_reject(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    texts = ['["a.png", "b.png", "", null]', "{}", "[1]", "[", "", None, '["z.png"]']
    project = shop(r, enumerate(texts, 1), form="json", url_prefix="https://cdn.example/")
    store(r, project, "a.png")
    copy(project)
    assert r.rows("product") == [
        (1, '["https://cdn.example/new/a.png", "b.png", "", null]'),
        (5, ""),
        (6, None),
        (7, '["z.png"]'),
    ]
    assert r.reject_keys() == {"2": "value", "3": "value", "4": "value"}
    assert notes(r) == [("1", "b.png"), ("7", "z.png")]


@every_kind
def test_an_image_stored_while_its_row_is_written_is_not_forgotten(
    rig: Callable[..., Rig], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is stored after the row looked for it, and its mover looks for notes before the row's is committed."""
    from changeover.transfer import apply as module

    r = rig(kind)
    project = shop(r, [(1, "a.png"), (2, "b.png")])
    arrived = module._apply_arrived  # pyright: ignore[reportPrivateUsage]

    def meanwhile(*args: Any) -> None:
        if notes(r) and not r.rows("changeover_image"):
            store(r, project, "a.png")
        arrived(*args)

    monkeypatch.setattr(module, "_apply_arrived", meanwhile)
    copy(project)
    assert r.rows("product") == [(1, "new/a.png"), (2, "b.png")]
    assert notes(r) == [("2", "b.png")]


@every_kind
def test_a_rejected_image_leaves_the_url_and_the_note(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = shop(r, [(1, "a.png")], ids=Assigned())
    refuse(r, project, "a.png")
    done = copy(project)
    assert r.rows("product", "image") == [("a.png",)]
    assert notes(r) == [("1", "a.png")]
    assert_settled(project, done)
