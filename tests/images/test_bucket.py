"""What is stored was seen in the bucket; nothing there is ever replaced; a refusal says what to do and holds no secret."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import boto3
import pytest

from changeover.errors import BucketRefused, ConfigurationError
from changeover.images import bucket as buckets
from changeover.images.bucket import CACHE_CONTROL, Bucket, KeyTaken, NotStored
from changeover.images.s3 import Account
from demo.servers import SeaweedFS
from demo.servers.seaweedfs import REGION
from tests.images.front import Front, Handler, first, in_front_of
from tests.images.pictures import picture

BODY = picture()
DIGEST = sha256(BODY).hexdigest()
KEYS = ["a.jpg", "ab/cd/a.jpg", "상품/사진 1.jpg", "a+b=c&d.jpg", "100%25.jpg", "a'b\"(c).jpg"]


def store(bucket: Bucket, key: str = "a.jpg", body: bytes = BODY) -> bool:
    return bucket.store(key, body, "image/jpeg", sha256(body).hexdigest())


@pytest.mark.parametrize("key", KEYS)
def test_an_object_is_stored_once_with_its_type_checksum_and_caching(bucket: Bucket, key: str) -> None:
    assert store(bucket, key) is False
    assert store(bucket, key) is True

    seen = bucket.client.head_object(Bucket=bucket.name, Key=key, ChecksumMode="ENABLED")
    assert (seen["ContentType"], seen["CacheControl"]) == ("image/jpeg", CACHE_CONTROL)
    assert seen["ContentLength"] == len(BODY)
    assert seen["ChecksumSHA256"]
    found = bucket.head(key)
    assert found is not None
    assert (found.key, found.bytes, found.sha256, found.media_type) == (key, len(BODY), DIGEST, "image/jpeg")
    assert bucket.client.get_object(Bucket=bucket.name, Key=key)["Body"].read() == BODY


@pytest.mark.parametrize("key", [*KEYS, "~a!*.jpg"])
def test_an_object_that_is_new_costs_two_requests_of_libcurl(
    front: Front, behind: Bucket, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(behind, "_store", None)  # no other client is asked
        assert store(behind, key) is False
    assert [asked.split()[0] for asked in front.asked] == ["PUT", "HEAD"]
    assert [one.key for one in behind.listing()] == [key]


def test_an_object_is_stored_where_libcurl_gets_nowhere(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket._signed, "root", "http://127.0.0.1:1/images/")
    assert store(bucket) is False
    assert store(bucket) is True
    assert bucket.head("a.jpg") is not None


@pytest.mark.parametrize("key", ["a/../b.jpg", "./b.jpg", "b.jpg/.", ".."])
def test_a_key_that_libcurl_would_change_is_not_told_to_it(front: Front, behind: Bucket, key: str) -> None:
    store(behind, "b.jpg")
    front.asked.clear()
    assert behind._signed.head(key).status == 0
    assert behind._signed.put(key, BODY, {}).status == 0
    assert front.asked == []


def test_a_token_is_signed_as_well(front: Front, bucket: Bucket, account: Account) -> None:
    who = account.session.get_credentials()
    assert who is not None
    session = boto3.Session(who.access_key, who.secret_key, "a token", region_name=REGION)
    seen: list[dict[str, str]] = []

    def note(handler: Handler) -> bool:
        seen.append({name.lower(): value for name, value in handler.headers.items()})
        return False

    front.meddling = note
    with contextlib.suppress(BucketRefused, NotStored):
        store(Bucket(bucket.name, Account(session, front.endpoint)))
    assert seen[0]["x-amz-security-token"] == "a token"
    assert "x-amz-security-token" in seen[0]["authorization"]
    assert "x-amz-checksum-sha256" in seen[0]["authorization"]


def test_a_key_that_is_not_there_has_no_head(bucket: Bucket) -> None:
    assert bucket.head("none.jpg") is None


@pytest.mark.parametrize("other", [picture(seed=2), BODY[:-1], bytes(len(BODY)), b""])
def test_other_bytes_under_a_key_are_never_replaced(bucket: Bucket, other: bytes) -> None:
    bucket.client.put_object(Bucket=bucket.name, Key="a.jpg", Body=other)
    with pytest.raises(KeyTaken):
        store(bucket)
    assert bucket.client.get_object(Bucket=bucket.name, Key="a.jpg")["Body"].read() == other


def test_the_same_bytes_that_somebody_else_stored_are_found_equal(bucket: Bucket) -> None:
    """There is no note of their sha256: they are read."""
    bucket.client.put_object(Bucket=bucket.name, Key="a.jpg", Body=BODY)
    assert store(bucket) is True


def test_of_many_writers_of_one_key_one_stores(bucket: Bucket) -> None:
    together = threading.Barrier(8)

    def write(_: int) -> bool:
        together.wait()
        return store(bucket)

    with ThreadPoolExecutor(8) as threads:
        was_there = list(threads.map(write, range(8)))
    assert sorted(was_there) == [False, *[True] * 7]


def test_what_is_probably_there_is_looked_for_before_it_is_sent(
    front: Front, behind: Bucket, bucket: Bucket
) -> None:
    bodies = {f"{n}.jpg": b"%d" % n for n in range(6)}

    def stored(*keys: str) -> list[bool]:
        front.asked.clear()
        return [behind.store(k, bodies[k], "image/jpeg", sha256(bodies[k]).hexdigest()) for k in keys]

    def sent() -> int:
        return sum(asked.startswith("PUT") for asked in front.asked)

    assert stored("0.jpg", "1.jpg", "2.jpg") == [False] * 3
    assert (stored("0.jpg", "1.jpg", "2.jpg"), sent()) == ([True] * 3, 1)
    assert (stored("3.jpg", "4.jpg", "0.jpg"), sent()) == ([False, False, True], 3)
    assert (stored("5.jpg"), sent()) == ([False], 1)
    bucket.client.put_object(Bucket=bucket.name, Key="5.jpg", Body=b"other")
    assert stored("0.jpg") == [True]
    with pytest.raises(KeyTaken, match="delete that object"):
        stored("5.jpg")


def test_a_bucket_that_is_not_there_is_told_from_one_without_an_object(
    bucket: Bucket, account: Account
) -> None:
    bucket.is_there()
    with pytest.raises(BucketRefused, match="no such bucket"):
        Bucket("nobody-has-made-it", account).is_there()


def test_all_pages_of_a_listing_are_read(bucket: Bucket) -> None:
    keys = {f"p/{n:04d}" for n in range(1_050)}
    with ThreadPoolExecutor(16) as threads:
        list(
            threads.map(
                lambda key: bucket.client.put_object(Bucket=bucket.name, Key=key, Body=b"1"), sorted(keys)
            )
        )
    bucket.client.put_object(Bucket=bucket.name, Key="q", Body=b"1")
    assert {one.key for one in bucket.listing("p/")} == keys
    assert {one.key for one in bucket.listing("p/000")} == {f"p/000{n}" for n in range(10)}


@pytest.fixture
def front(s3_server: SeaweedFS) -> Iterator[Front]:
    with in_front_of(s3_server.endpoint) as front:
        yield front


@pytest.fixture
def behind(
    front: Front, bucket: Bucket, account: Account, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bucket]:
    """The bucket by way of the front."""
    monkeypatch.setattr(buckets, "RETRIES", 3)
    found = Bucket(bucket.name, Account(account.session, front.endpoint))
    yield found
    found.client.close()


@pytest.mark.parametrize(
    ("status", "code"),
    [(503, "SlowDown"), (500, "InternalError"), (503, "ServiceUnavailable"), (429, "TooManyRequests")],
)
@pytest.mark.parametrize("command", ["PUT", "HEAD"])
def test_a_server_that_is_busy_is_asked_again(
    front: Front, behind: Bucket, status: int, code: str, command: str
) -> None:
    front.meddling = first(2, lambda handler: handler.refuse(status, code), command)
    assert store(behind) is False
    assert sum(asked.startswith(command) for asked in front.asked) == 3


@pytest.mark.parametrize("code", ["ConditionalRequestConflict", "OperationAborted"])
def test_a_conflict_with_a_writer_that_failed_is_tried_again(front: Front, behind: Bucket, code: str) -> None:
    front.meddling = first(2, lambda handler: handler.refuse(409, code))
    store(behind)
    assert behind.head("a.jpg") is not None


def test_a_conflict_that_never_ends_is_no_success(
    front: Front, behind: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "backoff", lambda _: 0.0)
    front.meddling = first(10**6, lambda handler: handler.refuse(409, "ConditionalRequestConflict"))
    with pytest.raises(NotStored):
        store(behind)


def test_an_answer_that_was_lost_costs_no_second_object(front: Front, behind: Bucket) -> None:
    """The object is stored, and nobody hears of it: the second attempt finds it there."""

    def stored_and_lost(handler: Handler) -> bool:
        handler.pass_on()
        return handler.drop()

    front.meddling = first(1, stored_and_lost)
    store(behind)
    assert [one.key for one in behind.listing()] == ["a.jpg"]


def test_bytes_that_change_on_their_way_are_not_taken(front: Front, behind: Bucket) -> None:
    def garble(handler: Handler) -> bool:
        handler.body = handler.body[:-1] + bytes((handler.body[-1] ^ 1,))
        return False

    front.meddling = first(10**6, garble)
    with pytest.raises(NotStored):
        store(behind)
    assert behind.head("a.jpg") is None
    front.meddling = first(1, garble)
    assert store(behind) is False
    assert behind.client.get_object(Bucket=behind.name, Key="a.jpg")["Body"].read() == BODY


def lie(handler: Handler) -> bool:
    """Say that the object is stored, and store nothing."""
    handler.send_response(200)
    handler.send_header("ETag", '"1"')
    handler.send_header("Content-Length", "0")
    handler.end_headers()
    return True


def test_a_put_that_lies_is_found_by_looking(
    front: Front, behind: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "backoff", lambda _: 0.0)
    front.meddling = first(10**6, lie)
    with pytest.raises(NotStored):
        store(behind)


def test_an_object_that_is_not_the_one_of_the_put_is_looked_into(
    front: Front, behind: Bucket, bucket: Bucket
) -> None:
    """Its length is the same."""
    bucket.client.put_object(Bucket=bucket.name, Key="a.jpg", Body=bytes(len(BODY)))
    front.meddling = first(10**6, lie)
    with pytest.raises(KeyTaken):
        store(behind)


def refusals(server: SeaweedFS) -> dict[str, tuple[str, boto3.Session, str]]:
    right = boto3.Session(server.access_key, server.secret_key, region_name=REGION)
    return {
        "no such bucket": ("nobody", right, "no such bucket"),
        "no such key": (
            "images",
            boto3.Session("unknown", server.secret_key, region_name=REGION),
            "AWS_ACCESS_KEY_ID",
        ),
        "wrong secret": (
            "images",
            boto3.Session(server.access_key, "hunter2hunter2", region_name=REGION),
            "AWS_SECRET_ACCESS_KEY",
        ),
        "may only read": (
            "images",
            boto3.Session(server.reader_key, server.reader_secret, region_name=REGION),
            "s3:PutObject",
        ),
    }


@pytest.mark.parametrize("case", ["no such bucket", "no such key", "wrong secret", "may only read"])
def test_a_bucket_that_refuses_everything_says_what_to_do_and_no_secret(
    s3_server: SeaweedFS, account: Account, case: str
) -> None:
    name, session, remedy = refusals(s3_server)[case]
    bucket = Bucket(name, Account(session, s3_server.endpoint))
    with pytest.raises(BucketRefused, match=remedy) as refused:
        store(bucket, "refused.jpg")
    bucket.client.close()
    text = str(refused.value)
    assert f"bucket {name}" in text
    credentials = session.get_credentials()
    assert credentials is not None
    assert str(credentials.secret_key) not in text
    assert str(credentials.access_key) not in text


def test_the_servers_own_words_are_not_repeated(front: Front, behind: Bucket) -> None:
    front.meddling = lambda handler: handler.refuse(400, "EntityTooLarge")
    with pytest.raises(NotStored) as refused:
        store(behind)
    assert "EntityTooLarge" in str(refused.value)
    assert "secret words" not in str(refused.value)


def test_without_credentials_nothing_is_tried(
    s3_server: SeaweedFS, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", f"{tmp_path}/none")
    monkeypatch.setenv("AWS_CONFIG_FILE", f"{tmp_path}/none")
    with pytest.raises(BucketRefused, match="AWS_ACCESS_KEY_ID"):
        Bucket("images", Account(boto3.Session(), s3_server.endpoint))


def test_the_environment_names_the_bucket(s3_server: SeaweedFS, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="CHANGEOVER_BUCKET"):
        Bucket.from_environment()
    for name, value in s3_server.environment("old").items():
        monkeypatch.setenv(name, value)
    bucket = Bucket.from_environment()
    assert (bucket.name, bucket.endpoint) == ("old", s3_server.endpoint)
    assert bucket.head("none") is None
    bucket.client.close()


@pytest.mark.parametrize(
    ("variable", "value"), [("AWS_PROFILE", "nobody"), ("AWS_ENDPOINT_URL_S3", "no url")]
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv("CHANGEOVER_BUCKET", "images")
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=variable):
        Bucket.from_environment()
