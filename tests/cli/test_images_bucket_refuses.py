"""A bucket that refuses amid a run: told of with exit code 1, and the next run moves what is left, each image once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo.servers import SeaweedFS
from tests.cli.shop import Shop
from tests.cli.test_images import images_of, objects, photos
from tests.images.front import Front, Handler, Meddling, in_front_of

__all__ = ["photos"]
only_sqlite = pytest.mark.parametrize("photos", ["sqlite"], indirect=True)
AFTER = 3
"""Objects that are stored before."""


@pytest.fixture
def front(s3_server: SeaweedFS, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    with in_front_of(s3_server.endpoint) as front:
        yield front


def refusing(commands: str, status: int, code: str, after: int = AFTER) -> Meddling:
    """After so many PUTs, all requests of these kinds."""
    puts = 0

    def meddling(handler: Handler) -> bool:
        nonlocal puts
        puts += handler.command == "PUT"
        listed = "list-type" in handler.path
        kind = "LIST" if listed else handler.command
        return puts > after and kind in commands.split() and handler.refuse(status, code)

    return meddling


@only_sqlite
@pytest.mark.parametrize(
    ("commands", "status", "code", "said"),
    [
        ("PUT", 403, "AccessDenied", "s3:PutObject"),
        ("HEAD", 403, "AccessDenied", "s3:GetObject"),
        ("PUT HEAD LIST", 403, "AccessDenied", "s3:PutObject"),
        ("PUT HEAD LIST", 404, "NoSuchBucket", "no such bucket"),
        ("PUT", 403, "InvalidAccessKeyId", "AWS_ACCESS_KEY_ID"),
        ("PUT", 403, "SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY"),
        ("PUT", 400, "ExpiredToken", "expired"),
        ("PUT", 507, "QuotaExceeded", "full"),
        ("PUT", 301, "PermanentRedirect", "AWS_REGION"),
        ("LIST", 403, "AccessDenied", ""),
    ],
)
def test_a_refusal_amid_a_run_is_told_of_and_the_next_run_goes_on(
    photos: Shop,
    front: Front,
    monkeypatch: pytest.MonkeyPatch,
    commands: str,
    status: int,
    code: str,
    said: str,
) -> None:
    photos.run("backfill")
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_S3", front.endpoint)
        front.meddling = refusing(commands, status, code)
        ended = photos.run("images", "run", "--workers", "2", "--json")
        assert ended.code == 1
        (table,) = ended.document["tables"]
        errors = " ".join(one["error"] for one in table["failed_ranges"])
        assert (said in errors) if said else errors == "", (errors, ended.out)
        assert "secret words" not in ended.out + ended.err
    assert photos.run("images", "run").code == 1  # two of twelve are no images
    found = images_of(photos)
    assert {n for n, url in found.items() if not url.startswith("https://cdn.example/")} == {11, 12}
    assert {found[n].removeprefix("https://cdn.example/") for n in range(1, 11)} == objects(photos)
    assert photos.scalar("SELECT count(lease) FROM changeover_image") == 0


@only_sqlite
def test_a_bucket_that_may_not_be_listed_or_looked_at_has_lost_nothing(
    photos: Shop, front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos.run("images", "run")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", front.endpoint)
    for commands in ("LIST", "HEAD", "HEAD LIST"):
        front.meddling = refusing(commands, 403, "AccessDenied", -1)
        ended = photos.run("images", "verify")
        assert (ended.code, "s3:GetObject" in ended.err) == (1, True), commands
        if "LIST" in commands:
            ended = photos.run("images", "orphans")
            assert (ended.code, "s3:ListBucket" in ended.err) == (1, True)
    (one,) = photos.run("images", "status", "--json").document["sets"]
    assert (one["stored"], one["lost"]) == (10, 0)
