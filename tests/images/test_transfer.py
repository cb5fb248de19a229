"""No image is lost, none is stored twice, whatever happens to the host, the bucket or the process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest

from changeover.errors import BucketRefused
from changeover.images import bucket as buckets
from changeover.images import transfer as transfers
from changeover.images.bucket import Bucket
from changeover.images.image import Arrived, Outcome, Refused, Rules, Unchanged, Wanted
from changeover.images.names import by_content, by_path
from changeover.images.origins import politeness
from changeover.images.origins.http import HttpOrigin
from changeover.images.origins.origin import Fetched, Origin
from changeover.images.s3 import Account
from changeover.images.transfer import transfer
from changeover.images.url import normal
from demo.servers import SeaweedFS
from tests.images import host as hosts
from tests.images.front import first, in_front_of
from tests.images.host import Host
from tests.images.pictures import picture

WORKER = Path(__file__).with_name("worker.py")


def carry(origin: Origin, bucket: Bucket, urls: list[str], workers: int = 8) -> dict[str, Outcome]:
    outcomes = list(transfer(origin, bucket, Rules(), map(Wanted, urls), workers))
    assert Counter(one.url for one in outcomes) == Counter(urls)
    return {one.url: one for one in outcomes}


def stored(bucket: Bucket) -> dict[str, bytes]:
    read = bucket.client.get_object
    return {one.key: read(Bucket=bucket.name, Key=one.key)["Body"].read() for one in bucket.listing()}


def serve(host: Host, images: int) -> list[str]:
    for n in range(images):
        host.paths[f"/{n}"] = hosts.body(picture(seed=n), ETag=f'"{n}"')
    return [host.url(f"/{n}") for n in range(images)]


def agree(bucket: Bucket, outcomes: dict[str, Outcome]) -> None:
    """Each image that arrived is in the bucket, under its key and with its bytes; nothing else is there."""
    there = stored(bucket)
    arrived = [one for one in outcomes.values() if isinstance(one, Arrived)]
    assert {one.key for one in arrived} == set(there)
    for one in arrived:
        assert sha256(there[one.key]).hexdigest() == one.sha256
        assert len(there[one.key]) == one.bytes


def test_images_arrive_with_all_that_is_known_of_them(host: Host, origin: HttpOrigin, bucket: Bucket) -> None:
    body = picture("png")
    host.paths["/a.jpg"] = hosts.redirect("/b.jpg")
    host.paths["/b.jpg"] = hosts.body(body, ETag='"7"', Content_Type="image/jpeg", Last_Modified="then")
    digest = sha256(body).hexdigest()
    assert list(transfer(origin, bucket, Rules(), [Wanted(host.url("/a.jpg"))])) == [
        Arrived(
            url=host.url("/a.jpg"),
            final_url=host.url("/b.jpg"),
            key=f"{digest[:2]}/{digest[2:4]}/{digest}.png",
            bytes=len(body),
            media_type="image/png",
            sha256=digest,
            width=40,
            height=30,
            etag='"7"',
            last_modified="then",
        )
    ]


@dataclass
class Torn:
    """Impatient where the host is silent, and patient with everything else."""

    patient: HttpOrigin
    impatient: HttpOrigin

    def fetch(self, wanted: Wanted, most: int, stop: threading.Event) -> Fetched | Refused | Unchanged:
        origin = self.impatient if wanted.url.endswith("/silent") else self.patient
        return origin.fetch(wanted, most, stop)

    def close(self) -> None: ...


def test_a_host_that_misbehaves_in_every_way_costs_no_other_image(
    host: Host, origin: HttpOrigin, impatient: HttpOrigin, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(politeness, "SHORTEST", 0.01)
    good = serve(host, 30)
    whole = picture(size=(200, 150))
    troubles = {
        "/redirected-home": (hosts.redirect("http://127.0.0.1:1/admin"), "redirect"),
        "/html": (hosts.body(b"<html>gone</html>", Content_Type="image/jpeg"), "no image"),
        "/truncated": (hosts.body(whole[: len(whole) // 2]), "broken"),
        "/wrong-type": (hosts.body(b"%PDF-1.7 not a picture", Content_Type="image/png"), "kind"),
        "/empty": (hosts.body(b""), "no image"),
        "/endless": (hosts.endless(whole), "too large"),
        "/silent": (hosts.silent(), "slow"),
        "/busy": (hosts.status(429, Retry_After="3600"), "busy"),
        "/missing": (hosts.status(404), "missing"),
    }
    for path, (behaviour, _) in troubles.items():
        host.paths[path] = behaviour
    bad = [host.url(path) for path in troubles]

    outcomes = carry(Torn(origin, impatient), bucket, [*good[:15], *bad, *good[15:]])

    assert all(isinstance(outcomes[url], Arrived) for url in good)
    for url, (_, reason) in zip(bad, troubles.values(), strict=True):
        found = outcomes[url]
        assert isinstance(found, Refused)
        assert found.reason == reason
    agree(bucket, outcomes)


def test_two_urls_with_the_same_bytes_are_one_object(host: Host, origin: HttpOrigin, bucket: Bucket) -> None:
    for n in range(8):
        host.paths[f"/{n}"] = hosts.body(picture())
    outcomes = carry(origin, bucket, [host.url(f"/{n}") for n in range(8)])
    arrived = [one for one in outcomes.values() if isinstance(one, Arrived)]
    assert len({one.key for one in arrived}) == 1
    assert sum(one.reused for one in arrived) == 7
    agree(bucket, outcomes)


def test_a_second_run_stores_nothing_again(host: Host, origin: HttpOrigin, bucket: Bucket) -> None:
    urls = serve(host, 12)
    once = carry(origin, bucket, urls)
    before = {one.key: one.modified for one in bucket.listing()}
    again = carry(origin, bucket, urls)
    assert all(isinstance(one, Arrived) and one.reused for one in again.values())
    assert {one.key: one.modified for one in bucket.listing()} == before
    assert {url: one.key for url, one in again.items() if isinstance(one, Arrived)} == {
        url: one.key for url, one in once.items() if isinstance(one, Arrived)
    }


def test_changed_content_gets_a_key_of_its_own(host: Host, origin: HttpOrigin, bucket: Bucket) -> None:
    """The row that still points at the first one finds it there."""
    host.paths["/a.jpg"] = hosts.in_turn(
        hosts.body(picture(seed=1), ETag='"1"'), hosts.body(picture(seed=2), ETag='"2"')
    )
    for keys in (by_content(), by_path("p/")):
        found = [*transfer(origin, bucket, Rules(), [Wanted(host.url("/a.jpg"))], keys=keys)]
        assert isinstance(found[0], Arrived)
    assert len(stored(bucket)) == 2


def test_a_refresh_of_what_has_not_changed_transfers_nothing(
    host: Host, origin: HttpOrigin, bucket: Bucket
) -> None:
    host.paths["/a"] = hosts.status(304)
    wanted = Wanted(host.url("/a"), etag='"1"')
    assert list(transfer(origin, bucket, Rules(), [wanted])) == [Unchanged(host.url("/a"))]
    assert stored(bucket) == {}


def test_an_svg_is_stored_as_it_was_cleaned(host: Host, origin: HttpOrigin, bucket: Bucket) -> None:
    host.paths["/a"] = hosts.body(picture("svg").replace(b"</svg>", b"<script>evil()</script></svg>"))
    outcomes = carry(origin, bucket, [host.url("/a")])
    agree(bucket, outcomes)
    [body] = stored(bucket).values()
    assert b"evil" not in body


def test_two_runs_at_once_store_each_image_once(host: Host, origin: HttpOrigin, bucket: Bucket) -> None:
    urls = serve(host, 40)
    both: list[dict[str, Outcome]] = []
    threads = [threading.Thread(target=lambda: both.append(carry(origin, bucket, urls))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reused = [one.reused for outcomes in both for one in outcomes.values() if isinstance(one, Arrived)]
    assert Counter(reused) == {False: 40, True: 40}
    agree(bucket, both[0])


def test_a_run_that_was_killed_between_the_put_and_the_report_loses_nothing(
    host: Host, origin: HttpOrigin, bucket: Bucket, s3_server: SeaweedFS
) -> None:
    urls = serve(host, 12)
    environment = {**os.environ, **s3_server.environment(bucket.name)}
    killed = subprocess.run(
        [sys.executable, str(WORKER), bucket.name, str(host.port), "12"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert killed.returncode == -9, killed.stderr
    told = killed.stdout.split()
    there = stored(bucket)
    assert len(there) >= 5 > len(told)

    outcomes = carry(origin, bucket, urls)

    agree(bucket, outcomes)
    arrived = [one for one in outcomes.values() if isinstance(one, Arrived)]
    assert len(arrived) == 12
    # One that was under way may have arrived after the look.
    assert {one.key for one in arrived if one.reused} >= set(there)


def test_a_bucket_that_refuses_ends_the_run_with_one_error(
    host: Host, origin: HttpOrigin, s3_server: SeaweedFS, account: Account
) -> None:
    urls = serve(host, 200)
    asked = iter(map(Wanted, urls))
    bucket = Bucket("images", Account(boto3.Session("unknown", "wrong"), s3_server.endpoint))
    with pytest.raises(BucketRefused, match="AWS_ACCESS_KEY_ID"):
        list(transfer(origin, bucket, Rules(), asked, 4))
    bucket.client.close()
    assert len(list(asked)) > 150
    assert len(host.asked) < 40


def test_a_bucket_that_goes_away_ends_the_run_after_what_is_known(
    host: Host, origin: HttpOrigin, bucket: Bucket, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "RETRIES", 0)
    urls = serve(host, 60)
    known: list[Outcome] = []
    with in_front_of(account.endpoint or "") as front:
        behind = Bucket(bucket.name, Account(account.session, front.endpoint))
        run = transfer(origin, behind, Rules(), map(Wanted, urls), 4)
        known.append(next(run))
        front.meddling = lambda handler: handler.refuse(500, "InternalError")
        with pytest.raises(BucketRefused, match="in a row"):
            known.extend(run)
        behind.client.close()
    arrived = {one.url: one for one in known if isinstance(one, Arrived)}
    failed = [one for one in known if isinstance(one, Refused)]
    assert arrived
    assert sum(one.reason == "bucket" for one in failed) >= transfers.GIVEN_UP
    assert all(one.again for one in failed)
    agree(bucket, {**carry(origin, bucket, urls), **arrived})


def test_a_bucket_that_fails_now_and_then_costs_no_image(
    host: Host, origin: HttpOrigin, bucket: Bucket, account: Account
) -> None:
    urls = serve(host, 30)
    with in_front_of(account.endpoint or "") as front:
        behind = Bucket(bucket.name, Account(account.session, front.endpoint))
        front.meddling = first(6, lambda handler: handler.refuse(503, "SlowDown"))
        outcomes = carry(origin, behind, urls)
        behind.client.close()
    assert all(isinstance(one, Arrived) for one in outcomes.values())
    agree(bucket, outcomes)


class Counting:
    """An origin that counts, and gives the same bytes each time."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.fetched, self.seconds = 0, seconds
        self.lock = threading.Lock()
        self.body = picture()

    def fetch(self, wanted: Wanted, most: int, stop: threading.Event) -> Fetched:
        with self.lock:
            self.fetched += 1
        time.sleep(self.seconds)
        return Fetched(wanted.url, self.body)

    def close(self) -> None: ...


def test_closing_ends_after_what_is_under_way(bucket: Bucket) -> None:
    origin = Counting(0.02)
    taken: list[int] = []

    def endless() -> Iterator[Wanted]:
        for n in range(10**9):
            taken.append(n)
            yield Wanted(f"http://img.old.example/{n}")

    run = transfer(origin, bucket, Rules(), endless(), 4)
    for _ in range(10):
        next(run)
    assert isinstance(run, Iterator)
    run.close()  # type: ignore[attr-defined]
    fetched = origin.fetched
    time.sleep(0.1)
    assert origin.fetched == fetched
    assert len(taken) <= 10 + 2 * 4
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("changeover-images-")]


def test_an_error_of_the_caller_ends_the_run(bucket: Bucket) -> None:
    def wanted() -> Iterator[Wanted]:
        yield Wanted("http://img.old.example/1")
        raise RuntimeError("the caller's own")

    with pytest.raises(RuntimeError, match="own"):
        list(transfer(Counting(), bucket, Rules(), wanted(), 4))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("changeover-images-")]


def test_memory_does_not_grow_with_the_number_of_images(bucket: Bucket) -> None:
    origin = Counting()
    run = transfer(origin, bucket, Rules(), (Wanted(f"http://img.old.example/{n}") for n in range(3_000)), 8)
    for _ in range(300):
        next(run)
    tracemalloc.start()
    before = tracemalloc.take_snapshot()
    for _ in run:
        pass
    after = tracemalloc.take_snapshot()
    tracemalloc.stop()
    grown = sum(difference.size_diff for difference in after.compare_to(before, "filename"))
    assert origin.fetched == 3_000
    assert grown < 400_000


def test_korean_names_and_upper_case_hosts_end_at_one_readable_key(
    host: Host, bucket: Bucket, origin: HttpOrigin
) -> None:
    body = picture()
    spellings = ["/상품/사진 1.jpg", "/%ec%83%81%ed%92%88/%EC%82%AC%EC%A7%84%201.jpg"]
    urls = {normal(spelling, host.url("/")) for spelling in spellings}
    [url] = urls
    host.paths[urlsplit(url).path] = hosts.body(body)
    [found] = transfer(origin, bucket, Rules(), [Wanted(url)], keys=by_path("p/"))
    assert isinstance(found, Arrived)
    assert found.key == f"p/상품/사진_1-{sha256(body).hexdigest()[:16]}.jpg"
    assert list(stored(bucket)) == [found.key]
