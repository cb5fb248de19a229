"""Stored images whose mapping forms keys in another way by now: copied within the bucket, with their rows, from no origin."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from urllib.parse import unquote

import pytest

from changeover.images.origins.folder import FolderOrigin
from changeover.ledger import image_changes
from demo.servers import SeaweedFS
from tests.cli.shop import Shop
from tests.cli.test_images import MAPPINGS, bucket, images_of, objects, photos
from tests.images.front import Front, in_front_of

__all__ = ["photos"]
CDN = "https://cdn.example/"


@pytest.fixture
def front(s3_server: SeaweedFS, photos: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    """What the bucket is asked after the images were moved. The folder of their origin is gone by then."""
    photos.run("images", "run")
    photos.run("backfill")
    with in_front_of(s3_server.endpoint) as front:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", front.endpoint)
        monkeypatch.setattr(FolderOrigin, "fetch", _nobody)
        yield front


def _nobody(*_: object) -> None:
    raise AssertionError("an origin was asked")


def with_set(one: Shop, old: str, new: str) -> list[str]:
    """The option for the same mappings with another image set."""
    package = one.folder / f"{one.package}_{hashlib.sha256(new.encode()).hexdigest()[:6]}"
    domain = package / "shop"
    domain.mkdir(parents=True)
    for folder in (package, domain):
        (folder / "__init__.py").touch()
    text = MAPPINGS % one.package
    assert old in text
    (domain / "catalog.py").write_text(text.replace(old, new))
    return ["--mappings", package.name]


def test_another_prefix_and_another_scheme_are_copied_within_the_bucket(photos: Shop, front: Front) -> None:
    before, there = images_of(photos), objects(photos)
    other = with_set(photos, f'prefix="{photos.package}/"', f'prefix="{photos.package}/media/", keys="path"')
    (table,) = photos.run("images", "run", *other, "--json").document["tables"]
    assert (table["known"], table["transferred"]) == (10, 0)
    assert images_of(photos) == before
    status = photos.run("images", "status", *other)
    assert "10 images have keys of another scheme or prefix" in status.out
    front.asked.clear()
    ended = photos.run("images", "run", "--rekey", *other, "--json")
    (table,) = ended.document["tables"]
    names = ("referenced", "known", "transferred", "reused", "failed", "rows_applied")
    assert (ended.code, *(table[name] for name in names)) == (0, 10, 0, 10, 0, 0, 10)
    assert not any(asked.startswith("GET") and "?" not in asked for asked in front.asked)
    after = images_of(photos)
    keys = {after[n].removeprefix(CDN) for n in range(1, 11)}
    assert all(key.startswith(f"{photos.package}/media/up/") for key in keys)
    assert len(keys) == 10
    assert objects(photos) - there == {_plain(key) for key in keys}
    _same_bytes(before, after)
    assert photos.run("images", "verify").code == 0
    assert photos.run("verify", *other).code == 0
    listed = photos.run("images", "orphans", f"--prefix={photos.package}/", "--json").document
    assert {one["key"] for one in listed["objects"]} == there
    (again,) = photos.run("images", "run", "--rekey", *other, "--json").document["tables"]
    assert tuple(again[name] for name in names) == (10, 10, 0, 0, 0, 0)
    assert "another scheme" not in photos.run("images", "status", *other).out


def test_where_nothing_is_copied_within_the_bucket_the_bytes_are_sent_from_there(
    photos: Shop, front: Front
) -> None:
    front.meddling = lambda handler: (
        handler.refuse(501, "NotImplemented") if "x-amz-copy-source" in handler.headers else False
    )
    before = images_of(photos)
    other = with_set(photos, f'prefix="{photos.package}/"', f'prefix="{photos.package}/m/"')
    (table,) = photos.run("images", "run", "--rekey", *other, "--json").document["tables"]
    assert (table["transferred"] + table["reused"], table["failed"], table["rows_applied"]) == (10, 0, 10)
    _same_bytes(before, images_of(photos))
    assert photos.run("verify", *other).code == 0


def test_an_object_that_is_not_what_was_stored_keeps_its_key(photos: Shop, front: Front) -> None:
    before = images_of(photos)
    bucket().put_object(Key=_plain(before[2].removeprefix(CDN)), Body=b"somebody's")
    bucket().objects.filter(Prefix=_plain(before[3].removeprefix(CDN))).delete()
    other = with_set(photos, f'prefix="{photos.package}/"', f'prefix="{photos.package}/m/"')
    ended = photos.run("images", "run", "--rekey", *other, "--json")
    (table,) = ended.document["tables"]
    assert (ended.code, table["failed"], table["transferred"] + table["reused"]) == (1, 2, 8)
    after = images_of(photos)
    assert {n for n in range(1, 11) if before[n] == after[n]} == {2, 3}
    assert photos.run("images", "run", "--rekey", "--refresh", *other).code == 2


def _plain(key: str) -> str:
    return unquote(key)


def _same_bytes(before: dict[int, str], after: dict[int, str]) -> None:
    for n in range(1, 11):
        bodies = {
            bucket().Object(_plain(found[n].removeprefix(CDN))).get()["Body"].read()
            for found in (before, after)
        }
        assert len(bodies) == 1


def test_a_run_that_was_killed_before_it_noted_what_it_copied_costs_no_second_object(
    photos: Shop, front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, there = images_of(photos), objects(photos)
    other = with_set(photos, f'prefix="{photos.package}/"', f'prefix="{photos.package}/m/"')

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(image_changes, "rekeyed", killed)
        with pytest.raises(Killed):
            photos.run("images", "run", "--rekey", *other)
    assert images_of(photos) == before
    copied = objects(photos) - there
    assert len(copied) == 9
    (table,) = photos.run("images", "run", "--rekey", *other, "--json").document["tables"]
    assert (table["transferred"], table["reused"], table["rows_applied"]) == (0, 10, 10)
    assert objects(photos) == there | copied
    assert photos.run("verify", *other).code == 0
