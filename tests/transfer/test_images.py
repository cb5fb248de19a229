"""Columns of images: keys where images are stored, old URLs and a note where they aren't, by every way that rows are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from changeover.mapping import Assigned, Mapping, image, old
from changeover.project import Project
from changeover.transfer.apply import apply
from changeover.transfer.chunk import Keys
from changeover.transfer.id_pool import Pool
from tests.transfer.image_scene import BASE, PHOTOS, notes, refuse, shop, store
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
    assert {row.root_key: row.value for row in r.rejects()} == {"2": "{}", "3": "[1]", "4": "["}
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


def two_columns(r: Rig, rows: list[tuple[int, str, str]], width: int | None = None) -> Project:
    """A table with two columns of images, the first one a URL and the second one a list."""
    columns = [sa.Column(name, sa.Text) for name in ("img", "more")]
    table = sa.Table("tb_product", sa.MetaData(), sa.Column("no", sa.Integer, primary_key=True), *columns)
    table.create(r.old)
    r.run(r.old, table.insert().values([{"no": no, "img": img, "more": more} for no, img, more in rows]))
    kind = sa.String(width) if width else sa.Text
    new = [sa.Column("image", kind, unique=bool(width)), sa.Column("pictures", sa.Text)]
    sa.Table("product", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), *new).create(r.new)
    product = old("shop", "tb_product")
    made = {
        "image": image(product.img, images=PHOTOS),
        "pictures": image(product.more, images=PHOTOS, form="json"),
    }
    return r.project(Mapping("product", product, made))


@every_kind
def test_a_reject_shows_the_column_that_is_to_blame(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind)
    project = two_columns(r, [(1, "a.png", "{}"), (2, "b.png", '["c.png"]'), (3, "d.png", "x" * 20_000)])
    copy(project)
    found = {row.root_key: (row.column, row.value) for row in r.rejects()}
    assert found == {"1": ("pictures", "{}"), "3": ("pictures", "x" * 10_000)}
    assert notes(r) == [("2", "b.png"), ("2", "c.png")]


@every_kind
def test_a_key_that_does_not_fit_or_is_taken_is_a_reject_and_no_row_is_clipped(
    rig: Callable[..., Rig], kind: str
) -> None:
    r = rig(kind)
    long = f"{'n' * 25}.png"
    rows = [
        (1, "a.png", "[]"),
        (2, "b.png", "[]"),
        (3, f"x/{long}"[:5], "[]"),
        (4, long, "[]"),
        (5, "z", "[]"),
    ]
    project = two_columns(r, rows, width=30)
    store(r, project, "a.png", long)
    store(r, project, "y/a.png")
    done = copy(project)
    assert [row.root_key for row in r.rejects()] == ["4"]
    assert r.rows("product", "id", "image")[:2] == [(1, "new/a.png"), (2, "b.png")]
    assert [key for key, _ in notes(r)] == ["2", "3", "5"]
    assert_settled(project, done)
    r.run(r.old, "UPDATE tb_product SET img = 'y/a.png' WHERE no = 5")
    copy(project)
    assert sorted(row.root_key for row in r.rejects()) == ["4", "5"]
    assert [key for key, _ in notes(r)] == ["2", "3"]


@every_kind
def test_what_no_database_takes_as_text_is_noted_and_no_row_is_lost(
    rig: Callable[..., Rig], kind: str
) -> None:
    """A list may write half a character, or U+0000, as an escape."""
    r = rig(kind)
    text = r'["a.png", "b\ud800.png", "c\u0000.png"]'
    project = shop(r, [(1, text), (2, '["d.png"]')], form="json")
    store(r, project, "a.png")
    done = copy(project)
    assert r.rows("product") == [(1, text.replace("a.png", "new/a.png")), (2, '["d.png"]')]
    assert notes(r) == [("1", "b\1.png"), ("1", "c\1.png"), ("2", "d.png")]
    assert_settled(project, done)
