"""Images that no row names any more, sets and mappings that are gone: they are shown, and keep nothing from being done."""

from __future__ import annotations

from typing import Any

from tests.cli.shop import Shop
from tests.cli.test_images import bucket, draw, images_of, photos

__all__ = ["photos"]
CDN = "https://cdn.example/"


def told(one: Shop) -> tuple[int, int, int, int]:
    """The code of `images status`, and how many are rejected, lost and named by no row."""
    ended = one.run("images", "status", "--json")
    (found,) = ended.document["sets"]
    return ended.code, found["rejected"], found["lost"], found["unnamed"]


def test_a_reject_that_no_row_names_any_more_is_nothing_left_to_do(photos: Shop) -> None:
    photos.run("sync", "install")
    assert photos.run("images", "run").code == 1
    assert told(photos) == (1, 2, 0, 0)  # no row was copied: any of them may name it
    photos.run("backfill")
    assert told(photos) == (1, 2, 0, 0)
    photos.execute("DELETE FROM tb_photo WHERE no = 11")
    photos.run("sync", "run", "--once")
    assert told(photos) == (1, 2, 0, 1)
    photos.execute("UPDATE tb_photo SET img = NULL WHERE no = 12")
    photos.run("sync", "run", "--once")
    assert told(photos) == (0, 2, 0, 2)
    assert "2 images that are not stored are named by no row" in photos.run("images", "status").out
    assert photos.run("images", "run").code == 0
    photos.execute("UPDATE tb_photo SET img = 'http://img.example/up/gone.png' WHERE no = 1")
    photos.run("sync", "run", "--once")
    assert told(photos) == (1, 2, 0, 1)


def test_nothing_is_taken_for_unnamed_while_rows_are_left_to_be_copied(photos: Shop) -> None:
    photos.run("images", "run")
    photos.run("backfill")
    photos.execute("DELETE FROM tb_photo WHERE no > 10")
    photos.execute("INSERT INTO tb_photo VALUES (13, 'http://img.example/up/gone.png')")
    photos.run("plan")
    assert told(photos)[::3] == (1, 0)
    photos.run("backfill", "--again")
    assert told(photos) == (1, 2, 0, 1)


def test_a_lost_image_that_no_row_names_any_more_is_nothing_left_to_do(photos: Shop) -> None:
    photos.run("images", "run")
    photos.run("backfill")
    photos.execute("DELETE FROM tb_photo WHERE no > 10")
    photos.run("backfill", "--again")
    keys = images_of(photos)
    for number in (2, 3):
        bucket().objects.filter(Prefix=keys[number].removeprefix(CDN)).delete()
        (photos.folder / "files" / f"{number}.png").unlink()
    assert photos.run("images", "verify").code == 1
    photos.execute("DELETE FROM tb_photo WHERE no = 2")
    photos.run("backfill", "--again")
    assert told(photos) == (1, 2, 2, 2)
    assert photos.run("images", "run").code == 1
    assert told(photos) == (
        1,
        2,
        2,
        3,
    )  # the third's origin doesn't have it any more, and a row holds its key
    reasons = {
        (one["state"], one["reason"])
        for one in photos.run("images", "status", "--json").document["not_stored"]
    }
    assert {("lost", "unnamed"), ("lost", "missing")} <= reasons
    draw(photos.folder / "files" / "3.png", 2)
    assert photos.run("images", "run").code == 0
    assert told(photos) == (0, 2, 1, 3)
    draw(photos.folder / "files" / "2.png", 1)
    photos.execute("INSERT INTO tb_photo VALUES (14, 'http://img.example/up/2.png')")
    assert photos.run("images", "run").code == 0
    assert told(photos) == (1, 2, 0, 0)  # the new row is planned, and not copied
    assert photos.run("images", "verify").code == 0


def test_a_run_over_some_tables_or_one_that_fails_judges_no_lost_image(
    photos: Shop, monkeypatch: Any
) -> None:
    photos.run("images", "run")
    photos.run("backfill")
    bucket().objects.filter(Prefix=images_of(photos)[2].removeprefix(CDN)).delete()
    photos.run("images", "verify")
    with monkeypatch.context() as patch:
        patch.setenv("CHANGEOVER_BUCKET", "nobody-has-made-it")
        photos.run("images", "run")
    assert photos.scalar("SELECT count(*) FROM changeover_image WHERE reason = 'unnamed'") == 0


def test_a_set_that_no_column_is_declared_with_counts_for_nothing(photos: Shop) -> None:
    photos.run("images", "run")
    photos.execute(
        "INSERT INTO changeover_image (digest, image_set, url, original_url, state, attempts, first_seen) "
        "VALUES ('x', 'former', 'u', 'u', 'wanted', 0, '2026-01-01 00:00:00')",
        new=True,
    )
    assert [one["image_set"] for one in photos.run("images", "status", "--json").document["sets"]] == [
        "photos"
    ]


def test_closing_a_mapping_that_is_gone_forgets_what_its_rows_wait_for(photos: Shop) -> None:
    photos.run("backfill")
    photos.execute("UPDATE changeover_mapping SET name = 'shop.tb_former.photo'", new=True)
    notes = "SELECT count(*) FROM changeover_image_wait"
    assert photos.scalar(notes) == 12
    ended = photos.run("images", "run", "--waiting", "--json")
    assert (ended.code, ended.document["tables"][0]["referenced"]) == (0, 0)
    assert photos.run("status").code == 0
    assert "12 rows with images" in photos.run("rejects", "close", "shop.tb_former.photo").out
    assert photos.scalar(notes) == 0
    assert photos.run("rejects", "close", "shop.tb_former.photo").code == 2
