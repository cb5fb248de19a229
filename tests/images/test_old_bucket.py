"""Images in an old bucket: copied by the server where it can, uploaded where it can't, checked in any case."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from hashlib import sha256

import boto3
import pytest

from changeover.errors import BucketRefused
from changeover.images.bucket import CACHE_CONTROL, Bucket
from changeover.images.image import Arrived, Refused, Rules, Unchanged, Wanted
from changeover.images.origins.bucket import BucketOrigin
from changeover.images.origins.origin import Fetched
from changeover.images.s3 import Account
from changeover.images.transfer import transfer
from demo.servers import SeaweedFS
from demo.servers.seaweedfs import REGION
from tests.images.front import Front, Handler, first, in_front_of
from tests.images.pictures import picture

BASE = "https://img.old.example/up/"
BODY = picture()
NAME = "old/상품 1.jpg"
URL = f"{BASE}%EC%83%81%ED%92%88%201.jpg"


@pytest.fixture
def front(s3_server: SeaweedFS) -> Iterator[Front]:
    with in_front_of(s3_server.endpoint) as front:
        yield front


@pytest.fixture
def through(front: Front, bucket: Bucket, account: Account) -> Iterator[tuple[BucketOrigin, Bucket]]:
    """An old bucket that holds an image, and a new one on the same server, by way of the front."""
    bucket.client.put_object(Bucket="old", Key=NAME, Body=BODY)
    there = Account(account.session, front.endpoint)
    origin, new = BucketOrigin("old", BASE, prefix="old/", account=there), Bucket(bucket.name, there)
    yield origin, new
    origin.close()
    new.client.close()


def test_an_object_is_copied_within_the_server(front: Front, through: tuple[BucketOrigin, Bucket]) -> None:
    origin, new = through
    bodies: list[int] = []

    def note(handler: Handler) -> bool:
        if handler.command == "PUT":
            bodies.append(len(handler.body))
        return False

    front.meddling = note

    [found] = transfer(origin, new, Rules(), [Wanted(URL)])

    assert isinstance(found, Arrived)
    assert not found.reused
    assert bodies == [0]
    seen = new.client.get_object(Bucket=new.name, Key=found.key)
    assert seen["Body"].read() == BODY
    assert (seen["ContentType"], seen["CacheControl"]) == ("image/jpeg", CACHE_CONTROL)
    assert seen["Metadata"]["sha256"] == sha256(BODY).hexdigest()

    [again] = transfer(origin, new, Rules(), [Wanted(URL)])
    assert isinstance(again, Arrived)
    assert again.reused


@pytest.mark.parametrize(
    ("status", "code"), [(403, "AccessDenied"), (501, "NotImplemented"), (412, "PreconditionFailed")]
)
def test_where_a_copy_is_refused_the_bytes_are_uploaded(
    front: Front, through: tuple[BucketOrigin, Bucket], status: int, code: str
) -> None:
    origin, new = through
    front.meddling = first(1, lambda handler: handler.refuse(status, code))
    [found] = transfer(origin, new, Rules(), [Wanted(URL)])
    assert isinstance(found, Arrived)
    assert new.client.get_object(Bucket=new.name, Key=found.key)["Body"].read() == BODY


def test_what_changed_after_it_was_read_is_not_what_is_stored(
    front: Front, through: tuple[BucketOrigin, Bucket], bucket: Bucket
) -> None:
    """Between reading and copying, somebody replaces the old object: the bytes that were checked are uploaded."""
    origin, new = through

    def replace(_: object) -> bool:
        bucket.client.put_object(Bucket="old", Key=NAME, Body=b"no picture")
        return False

    front.meddling = first(1, replace)
    [found] = transfer(origin, new, Rules(), [Wanted(URL)])
    assert isinstance(found, Arrived)
    assert new.client.get_object(Bucket=new.name, Key=found.key)["Body"].read() == BODY


def test_another_servers_bucket_is_uploaded_from(
    through: tuple[BucketOrigin, Bucket], bucket: Bucket
) -> None:
    """By another name of the server, which is another server for all that is known."""
    origin, _ = through
    [found] = transfer(origin, bucket, Rules(), [Wanted(URL)])
    assert isinstance(found, Arrived)


def test_what_is_no_image_is_not_copied(front: Front, through: tuple[BucketOrigin, Bucket]) -> None:
    origin, new = through
    new.client.put_object(Bucket="old", Key="old/page.jpg", Body=b"<html>")
    [found] = transfer(origin, new, Rules(), [Wanted(f"{BASE}page.jpg")])
    assert isinstance(found, Refused)
    assert found.reason == "no image"
    assert list(new.listing()) == []


def test_an_object_that_is_missing_unchanged_or_too_large(through: tuple[BucketOrigin, Bucket]) -> None:
    origin, _ = through
    stop = threading.Event()
    missing = origin.fetch(Wanted(f"{BASE}none.jpg"), 10_000, stop)
    assert isinstance(missing, Refused)
    assert (missing.reason, missing.again) == ("missing", False)
    found = origin.fetch(Wanted(URL), len(BODY), stop)
    assert isinstance(found, Fetched)
    assert origin.fetch(Wanted(URL, etag=found.etag), 10_000, stop) == Unchanged(URL)
    large = origin.fetch(Wanted(URL), len(BODY) - 1, stop)
    assert isinstance(large, Refused)
    assert large.reason == "too large"


def test_an_old_bucket_that_refuses_everything_ends_the_run(
    s3_server: SeaweedFS, bucket: Bucket, account: Account
) -> None:
    wrong = Account(boto3.Session("unknown", "wrong", region_name=REGION), s3_server.endpoint)
    for origin, words in (
        (BucketOrigin("old", BASE, account=wrong), "AWS_ACCESS_KEY_ID"),
        (BucketOrigin("nobody", BASE, account=account), "no such bucket"),
    ):
        with pytest.raises(BucketRefused, match=words):
            list(transfer(origin, bucket, Rules(), [Wanted(URL)]))
        origin.close()
