"""`changeover images`, from a folder of real files to a real bucket, as a user gives the commands."""

from __future__ import annotations

import json
import os
import random
import uuid
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pytest
import sqlalchemy as sa
from PIL import Image

from changeover.errors import ConfigurationError
from changeover.image_sets.moved_file import read_file
from demo.servers import SeaweedFS
from tests.cli.shop import Shop

MAPPINGS = """
from pathlib import Path

from changeover.mapping import ImageSet, Mapping, image, old

product = old("shop", "tb_photo")
folder = Path(__file__).parents[2] / "files"
photos = ImageSet("photos", folder=folder, base="http://img.example/up/", prefix="%s/")
products = Mapping(
    "photo", product, {"image": image(product.img, images=photos, url_prefix="https://cdn.example/")}, rows_per_range=5
)
"""


@pytest.fixture(params=["sqlite", "mariadb", "postgres"])
def photos(
    request: pytest.FixtureRequest,
    shop: Callable[..., Shop],
    s3_server: SeaweedFS,
    monkeypatch: pytest.MonkeyPatch,
) -> Shop:
    """A shop with 12 photos: two names of one picture, a text, and a file that is not there."""
    one = shop(request.param, request.param, products=1)
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    one.write_mappings(MAPPINGS % one.package)
    (one.folder / "files").mkdir()
    names = [f"{n}.png" for n in range(1, 9)] + ["또 하나.png", "twin.png", "text.png", "gone.png"]
    for number, name in enumerate(names[:9]):
        draw(one.folder / "files" / name, number)
    draw(one.folder / "files" / "twin.png", 0)
    (one.folder / "files" / "text.png").write_text("<html>not found</html>")
    old, new = sa.MetaData(), sa.MetaData()
    table = sa.Table(
        "tb_photo", old, sa.Column("no", sa.Integer, primary_key=True), sa.Column("img", sa.String(200))
    )
    sa.Table("photo", new, sa.Column("id", sa.Integer, primary_key=True), sa.Column("image", sa.String(200)))
    old.create_all(one.old)
    new.create_all(one.new)
    with one.old.begin() as connection:
        urls = [{"no": n, "img": f"http://img.example/up/{name}"} for n, name in enumerate(names, 1)]
        connection.execute(table.insert(), urls)
    assert one.run("upgrade").code == 0
    return one


def draw(file: Path, seed: int) -> None:
    noise = random.Random(seed)
    made = Image.frombytes("RGB", (16, 16), bytes(noise.randrange(256) for _ in range(768)))
    made.save(file, "PNG")


def images_of(one: Shop) -> dict[int, str]:
    with one.new.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(sa.text("SELECT id, image FROM photo"))}


def bucket() -> Any:
    resource: Any = boto3.resource("s3")
    return resource.Bucket(os.environ["CHANGEOVER_BUCKET"])


def objects(one: Shop) -> set[str]:
    return {entry.key for entry in bucket().objects.filter(Prefix=f"{one.package}/")}


def test_rows_point_at_what_was_moved_and_keep_what_was_not(photos: Shop) -> None:
    assert photos.run("backfill").code == 0
    assert set(images_of(photos).values()) == {
        f"http://img.example/up/{name}"
        for name in [*(f"{n}.png" for n in range(1, 9)), "또 하나.png", "twin.png", "text.png", "gone.png"]
    }
    ended = photos.run("images", "run", "--json")
    assert ended.code == 1
    (table,) = ended.document["tables"]
    assert {name: table[name] for name in ("referenced", "transferred", "reused", "rejected", "failed")} == {
        "referenced": 12,
        "transferred": 9,
        "reused": 1,
        "rejected": 2,
        "failed": 0,
    }
    found = images_of(photos)
    assert found[11] == "http://img.example/up/text.png"
    assert found[12] == "http://img.example/up/gone.png"
    assert found[1] == found[10]
    keys = {found[n].removeprefix("https://cdn.example/") for n in range(1, 11)}
    assert keys == objects(photos)
    assert len(keys) == 9

    rejects = photos.run("images", "rejects", "--json").document
    assert {(r["target"], r["root_key"], r["column"], r["reason"]) for r in rejects["rejects"]} == {
        ("photo", "11", "image", "no image"),
        ("photo", "12", "image", "missing"),
    }
    assert "text.png" not in photos.run("images", "rejects").out
    assert "text.png" in photos.run("images", "rejects", "--urls").out
    status = photos.run("images", "status", "--json")
    assert status.code == 1
    assert [(s["stored"], s["rejected"], s["objects"]) for s in status.document["sets"]] == [(10, 2, 9)]
    assert [(r["waiting"], r["rejected"]) for r in status.document["rows"]] == [(0, 2)]
    assert [(r["state"], r["reason"], r["images"]) for r in status.document["not_stored"]] == [
        ("rejected", "missing", 1),
        ("rejected", "no image", 1),
    ]
    assert "it is an HTML page" in photos.run("images", "status").out
    assert photos.run("verify").code == 0


def test_a_table_is_not_done_while_rows_keep_old_urls(photos: Shop) -> None:
    def state(command: str = "status") -> tuple[int, str, int, int]:
        ended = photos.run(command, "--json")
        (table,) = ended.document["tables"]
        found = table if command == "status" else table["status"]
        return ended.code, found["state"], found["images_waiting"], found["images_rejected"]

    assert state("backfill") == (0, "images", 12, 0)  # images are moved afterwards, and nothing is wrong
    assert state() == (0, "images", 12, 0)
    assert "12 rows wait for images" in photos.run("status").out
    photos.run("images", "run")
    assert state() == (1, "rejects", 0, 2)
    assert state("backfill") == (1, "rejects", 0, 2)
    assert "2 rows keep an old URL" in photos.run("status").out
    draw(photos.folder / "files" / "text.png", 50)
    draw(photos.folder / "files" / "gone.png", 51)
    assert photos.run("images", "run", "--rejected").code == 0
    assert state() == (0, "done", 0, 0)
    assert state("backfill") == (0, "done", 0, 0)


def test_nothing_is_moved_twice_and_what_is_mended_is_moved_when_asked(photos: Shop) -> None:
    photos.run("images", "run")
    photos.run("backfill")
    (photos.folder / "files" / "1.png").unlink()
    draw(photos.folder / "files" / "text.png", 50)
    draw(photos.folder / "files" / "gone.png", 51)
    (again,) = photos.run("images", "run", "--json").document["tables"]
    assert (again["known"], again["transferred"], again["rejected"]) == (10, 0, 2)
    ended = photos.run("images", "run", "--rejected", "--json")
    (mended,) = ended.document["tables"]
    assert (ended.code, mended["known"], mended["transferred"], mended["rows_applied"]) == (0, 10, 2, 2)
    assert photos.run("images", "status").code == 0
    assert "no row" in photos.run("images", "rejects").out


def test_what_copied_rows_wait_for_is_moved_without_the_old_table(photos: Shop) -> None:
    photos.run("backfill", "photo")
    photos.execute("DELETE FROM tb_photo WHERE no > 6")
    ended = photos.run("images", "run", "--waiting", "--json")
    assert ended.code == 1
    (table,) = ended.document["tables"]
    assert (table["transferred"] + table["reused"], table["rejected"]) == (10, 2)
    assert photos.run("images", "run", "--waiting", "--rejected").code == 2


def test_rows_of_a_mapping_that_is_no_more_keep_nobody_waiting(photos: Shop) -> None:
    photos.run("backfill")
    photos.run("images", "run")
    assert [one["rejected"] for one in photos.run("images", "status", "--json").document["rows"]] == [2]
    photos.execute("UPDATE changeover_mapping SET name = 'shop.tb_former.photo'", new=True)
    assert photos.run("images", "status", "--json").document["rows"] == []
    assert photos.run("images", "rejects").code == 0


def test_what_the_bucket_lost_is_found_and_fetched_again(photos: Shop) -> None:
    photos.run("images", "run")
    photos.run("backfill")
    before = images_of(photos)
    assert photos.run("images", "verify").code == 0
    lost = before[2].removeprefix("https://cdn.example/")
    bucket().objects.filter(Prefix=lost).delete()
    ended = photos.run("images", "verify", "--json")
    assert (ended.code, ended.document["keys"]) == (1, [lost])
    assert photos.run("verify").code == 0
    (table,) = photos.run("images", "run", "--json").document["tables"]
    assert table["transferred"] == 1
    assert photos.run("images", "verify").code == 0
    assert images_of(photos) == before
    assert lost in objects(photos)


def test_a_bucket_that_is_gone_has_lost_nothing(photos: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    photos.run("images", "run")
    with monkeypatch.context() as patch:
        patch.setenv("CHANGEOVER_BUCKET", "nobody-has-made-it")
        ended = photos.run("images", "verify")
        assert (ended.code, "no such bucket" in ended.err) == (1, True)
    (one,) = photos.run("images", "status", "--json").document["sets"]
    assert (one["stored"], one["lost"]) == (10, 0)


def test_objects_that_nobody_knows_are_orphans(photos: Shop) -> None:
    photos.run("images", "run")
    prefix = f"--prefix={photos.package}/"
    assert photos.run("images", "orphans", prefix).code == 0
    bucket().put_object(Key=f"{photos.package}/stray.png", Body=b"x")
    ended = photos.run("images", "orphans", prefix, "--json")
    assert ended.code == 1
    assert ended.document["objects"] == [{"key": f"{photos.package}/stray.png", "bytes": 1}]


def test_former_keys_that_rows_may_hold_are_told_of_beside_orphans(photos: Shop) -> None:
    photos.run("images", "run")
    photos.run("backfill")
    prefix = f"--prefix={photos.package}/"
    former = images_of(photos)[1].removeprefix("https://cdn.example/")
    photos.execute(
        "UPDATE changeover_image SET state = 'changed', image_key = 'new' WHERE image_key = :k",
        [{"k": former}],
        new=True,
    )
    ended = photos.run("images", "orphans", prefix, "--json")
    assert ([one["key"] for one in ended.document["objects"]], ended.document["changed"]) == ([former], 2)
    assert "delete nothing before" in photos.run("images", "orphans", prefix).out
    photos.execute("UPDATE changeover_image SET state = 'stored'", new=True)
    assert photos.run("images", "orphans", prefix, "--json").document["changed"] == 0


def test_what_an_earlier_script_has_moved_is_not_fetched(photos: Shop) -> None:
    photos.run("backfill")
    body = BytesIO()
    Image.new("RGB", (4, 4)).save(body, "PNG")
    key = f"{photos.package}/by-hand/1.png"
    bucket().put_object(Key=key, Body=body.getvalue())
    file = photos.folder / "moved.json"
    file.write_text(json.dumps({"http://img.example/up/1.png": key, "http://elsewhere/x.png": "y"}))
    (photos.folder / "files" / "1.png").unlink()
    ended = photos.run("images", "import", str(file), "--json")
    assert ended.code == 1
    assert {name: ended.document[name] for name in ("entered", "known", "refused", "rows_applied")} == {
        "entered": 1,
        "known": 0,
        "refused": 1,
        "rows_applied": 1,
    }
    assert images_of(photos)[1] == f"https://cdn.example/{key}"
    (table,) = photos.run("images", "run", "--json").document["tables"]
    assert (table["known"], table["rejected"], table["transferred"] + table["reused"]) == (1, 2, 9)
    assert photos.run("images", "verify").code == 0
    assert photos.run("images", "import", str(file), "--json").document["known"] == 1


def test_a_bucket_that_refuses_is_told_of_and_loses_nothing(
    photos: Shop, s3_server: SeaweedFS, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos.run("backfill")
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", s3_server.reader_key)
        patch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.reader_secret)
        ended = photos.run("images", "run", "--json")
        assert ended.code == 1
        assert "s3:PutObject" in ended.document["tables"][0]["failed_ranges"][0]["error"]
        assert s3_server.reader_secret not in ended.out + ended.err
    with monkeypatch.context() as patch:
        patch.setenv("CHANGEOVER_BUCKET", f"none-{uuid.uuid4().hex[:8]}")
        assert photos.run("images", "run").code == 1
    with monkeypatch.context() as patch:
        patch.delenv("CHANGEOVER_BUCKET")
        ended = photos.run("images", "run")
        assert (ended.code, "CHANGEOVER_BUCKET" in ended.err) == (2, True)
    (table,) = photos.run("images", "run", "--json").document["tables"]
    assert (table["transferred"] + table["reused"], table["rejected"], table["failed"]) == (10, 2, 0)


def test_what_was_overwritten_under_its_url_is_fetched_on_a_refresh(photos: Shop) -> None:
    photos.run("images", "run")
    photos.run("backfill")
    before = images_of(photos)
    ended = photos.run("images", "run", "--refresh", "--json")
    (table,) = ended.document["tables"]
    assert (ended.code, table["referenced"], table["known"], table["transferred"]) == (0, 10, 10, 0)
    draw(photos.folder / "files" / "3.png", 60)
    (photos.folder / "files" / "4.png").unlink()
    ended = photos.run("images", "run", "photo", "--refresh", "--json")
    (table,) = ended.document["tables"]
    counted = tuple(table[name] for name in ("known", "transferred", "rejected", "rows_applied"))
    assert (ended.code, counted) == (1, (8, 1, 1, 1))
    after = images_of(photos)
    assert {no for no in before if before[no] != after[no]} == {3}
    assert after[3].removeprefix("https://cdn.example/") in objects(photos)
    assert photos.run("verify").code == 0
    assert photos.run("images", "verify").code == 0
    assert "1 image could not be had anew" in photos.run("images", "run", "--refresh").out
    assert photos.run("images", "run", "--refresh", "--waiting").code == 2


def test_a_new_database_is_told_what_is_in_the_bucket(photos: Shop) -> None:
    photos.run("images", "run")
    photos.run("backfill")
    rows = images_of(photos)
    file = photos.folder / "moved.json"
    ended = photos.run("images", "export", str(file), "--json")
    assert (ended.code, ended.document["images"], file.stat().st_mode & 0o777) == (0, 10, 0o600)

    everything = sa.MetaData()
    everything.reflect(photos.new)
    photo = everything.tables["photo"]
    everything.drop_all(photos.new)
    photo.create(photos.new)
    assert photos.run("upgrade").code == 0
    assert photos.run("images", "import", str(file), "--json").document["entered"] == 10
    for name in ("1.png", "2.png"):
        (photos.folder / "files" / name).unlink()
    (table,) = photos.run("images", "run", "--json").document["tables"]
    assert (table["known"], table["transferred"], table["reused"]) == (10, 0, 0)
    photos.run("backfill")
    assert images_of(photos) == rows
    bucket().put_object(Key=rows[3].removeprefix("https://cdn.example/"), Body=b"another length")
    assert photos.run("images", "verify", "--json").document["lost"] == 1
    assert photos.run("images", "run", "--refresh", "--json").document["tables"][0]["referenced"] == 9


def test_what_the_bucket_lost_and_its_origin_too_stays_lost_and_is_told_of(photos: Shop) -> None:
    photos.run("images", "run")
    photos.run("backfill")
    bucket().objects.filter(Prefix=images_of(photos)[2].removeprefix("https://cdn.example/")).delete()
    photos.run("images", "verify")
    (photos.folder / "files" / "2.png").unlink()
    for _ in range(2):
        ended = photos.run("images", "run", "--json")
        assert (ended.code, ended.document["tables"][0]["rejected"]) == (1, 3)
    status = photos.run("images", "status", "--json").document
    assert [(s["stored"], s["rejected"], s["lost"]) for s in status["sets"]] == [(9, 2, 1)]
    assert ("lost", "missing", 1) in [(r["state"], r["reason"], r["images"]) for r in status["not_stored"]]
    draw(photos.folder / "files" / "2.png", 1)
    assert photos.run("images", "run", "--json").document["tables"][0]["transferred"] == 1


def test_wrong_keys_of_an_earlier_script_are_found_and_their_rows_mended(photos: Shop) -> None:
    photos.run("backfill")
    file = photos.folder / "moved.json"
    file.write_text(
        json.dumps({f"http://img.example/up/{n}.png": f"{photos.package}/none/{n}.png" for n in (1, 2)})
    )
    assert photos.run("images", "import", str(file), "--json").document["rows_applied"] == 2
    ended = photos.run("images", "verify", "--json")
    assert (ended.code, ended.document["lost"]) == (1, 2)
    (table,) = photos.run("images", "run", "--json").document["tables"]
    assert (table["transferred"] + table["reused"], table["rejected"]) == (10, 2)
    found = images_of(photos)
    assert {found[n].removeprefix("https://cdn.example/") for n in range(1, 11)} == objects(photos)
    assert photos.run("verify").code == 0
    assert photos.run("images", "verify").code == 0


@pytest.mark.parametrize(
    "told",
    ["{}", "[]", "1", '{"key": "a", "bytes": -1}', '{"key": "a", "sha256": 1}', '{"key": "a", "new": 1}'],
)
def test_a_file_that_says_something_else_is_told_of(tmp_path: Path, told: str) -> None:
    file = tmp_path / "moved.json"
    file.write_text(f'{{"http://img.example/up/1.png": {told}}}')
    with pytest.raises(ConfigurationError, match="1 of its 1"):
        read_file(file)


@pytest.mark.parametrize("key", ["a\\u0000b", "\\ud800", "", "k" * 1025])
def test_a_key_that_no_database_takes_is_told_of_before_anything_is_entered(photos: Shop, key: str) -> None:
    file = photos.folder / "moved.json"
    file.write_text(f'{{"http://img.example/up/1.png": "{key}", "\\ud800": "x"}}')
    ended = photos.run("images", "import", str(file))
    assert (ended.code, "1,024 bytes" in ended.err, "Traceback" in ended.err) == (2, True, False)


@pytest.mark.parametrize("command", ["verify", "orphans"])
def test_a_bucket_that_does_not_answer_is_told_of_in_a_sentence(
    photos: Shop, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    photos.run("images", "run")
    monkeypatch.setattr("changeover.images.bucket.RETRIES", 0)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    ended = photos.run("images", command)
    assert ended.code not in (0, 3)
    assert "bucket" in ended.err
    assert "Traceback" not in ended.err
