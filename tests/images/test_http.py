"""A host that misbehaves gets neither the run nor an image lost."""

from __future__ import annotations

import gzip
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from changeover.images.guard import Guard, Unresolved
from changeover.images.image import Reason, Refused, Unchanged, Wanted
from changeover.images.origins import http, politeness
from changeover.images.origins.http import HttpOrigin
from changeover.images.origins.origin import Fetched
from changeover.images.origins.politeness import Politeness
from tests.images import host as hosts
from tests.images.conftest import LOOPBACK
from tests.images.host import Behaviour, Host, misbehaving
from tests.images.pictures import picture
from tests.races.gate import SECONDS, after

MOST = 100_000
DRIPS_FOR = 200.0
"""Seconds that a whole answer takes that comes a letter at a time."""
PICTURE = picture()


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(politeness, "SHORTEST", 0.01)


def fetch(origin: HttpOrigin, url: str, **validators: str) -> Fetched | Refused | Unchanged:
    return origin.fetch(Wanted(url, **validators), MOST, threading.Event())


def test_an_image_is_fetched_with_what_the_host_says_of_it(host: Host, origin: HttpOrigin) -> None:
    host.paths["/a"] = hosts.body(PICTURE, ETag='"1"', Last_Modified="Thu, 30 Nov 2023 15:00:00 GMT")
    found = fetch(origin, host.url("/a"))
    assert found == Fetched(host.url("/a"), PICTURE, '"1"', "Thu, 30 Nov 2023 15:00:00 GMT")


def test_a_query_and_an_encoded_name_are_asked_for_as_they_are(host: Host, origin: HttpOrigin) -> None:
    path = "/%EC%83%81%ED%92%88%201.jpg?v=3&n=%2F"
    host.paths[path] = hosts.body(PICTURE)
    assert isinstance(fetch(origin, host.url(path)), Fetched)


def test_connections_are_kept(host: Host, origin: HttpOrigin) -> None:
    for n in range(20):
        host.paths[f"/{n}"] = hosts.body(PICTURE) if n % 2 else hosts.status(404, b"no")
        fetch(origin, host.url(f"/{n}"))
    assert len(host.asked) == 20
    assert host.connections == 1


TROUBLES: list[tuple[str, Behaviour, Reason, bool]] = [
    ("missing", hosts.status(404), "missing", False),
    ("gone", hosts.status(410), "missing", False),
    ("forbidden", hosts.status(403), "forbidden", False),
    ("unauthorised", hosts.status(401), "forbidden", False),
    ("teapot", hosts.status(418), "status", False),
    ("partial", hosts.status(206, PICTURE), "status", False),
    ("nothing has changed, unasked", hosts.status(304), "status", False),
    ("error", hosts.status(500), "status", True),
    ("overloaded", hosts.status(503, Retry_After="0"), "busy", True),
    ("cut off", hosts.cut_off(PICTURE), "broken", True),
    ("cut off chunks", hosts.cut_off_chunks(PICTURE), "broken", True),
    ("reset", hosts.slammed(), "unreachable", True),
    ("no HTTP", lambda handler: handler.raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "unreachable", True),
    ("silent", hosts.silent(), "slow", True),
    (
        "dripping body",
        hosts.dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + b"a" * 9999, DRIPS_FOR / 9999),
        "slow",
        True,
    ),
    ("endless", hosts.endless(PICTURE), "too large", False),
    ("announced too large", hosts.body(PICTURE, Content_Length=str(10**12)), "too large", False),
    ("redirected for ever", hosts.redirect("/a"), "redirect", False),
    ("redirected to nothing", hosts.redirect("http://"), "redirect", False),
    ("redirected nowhere", hosts.status(302), "status", False),
]


@pytest.mark.parametrize(
    ("behaviour", "reason", "again"), [t[1:] for t in TROUBLES], ids=[t[0] for t in TROUBLES]
)
def test_each_trouble_has_its_reason(
    host: Host,
    origin: HttpOrigin,
    impatient: HttpOrigin,
    behaviour: Behaviour,
    reason: Reason,
    again: bool,
) -> None:
    host.paths["/a"] = behaviour
    began = time.monotonic()
    found = fetch(impatient if reason == "slow" else origin, host.url("/a"))
    assert isinstance(found, Refused)
    assert (found.url, found.reason, found.again) == (host.url("/a"), reason, again)
    assert time.monotonic() - began < DRIPS_FOR / 2
    host.paths["/b"] = hosts.body(PICTURE)
    assert isinstance(fetch(origin, host.url("/b")), Fetched)


def test_a_header_that_drips_ends_with_the_images_time(host: Host, impatient: HttpOrigin) -> None:
    host.paths["/a"] = hosts.dripping(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 9999, DRIPS_FOR / 9999)
    began = time.monotonic()
    found = fetch(impatient, host.url("/a"))
    assert isinstance(found, Refused)
    assert found.again
    assert time.monotonic() - began < DRIPS_FOR / 2


def test_nobody_listening_is_unreachable_for_now(origin: HttpOrigin) -> None:
    with misbehaving() as gone:
        url, port = gone.url("/a"), gone.port
    impatient = HttpOrigin(Guard([f"127.0.0.1:{port}"], LOOPBACK), tries=2)
    found = fetch(impatient, url)
    impatient.close()
    assert isinstance(found, Refused)
    assert (found.reason, found.again) == ("unreachable", True)


def test_a_name_that_does_not_resolve_is_worth_no_other_attempt() -> None:
    def unknown(name: str, port: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    origin = HttpOrigin(Guard(["img.old.example"], resolve=unknown), tries=2)
    with pytest.raises(Unresolved, match=r"img\.old\.example can't be resolved"):
        fetch(origin, "http://img.old.example/a")
    origin.close()


@pytest.mark.parametrize(
    "trouble",
    [
        hosts.status(500),
        hosts.status(503),
        hosts.status(429),
        *(hosts.status(code) for code in (507, 509, 520, 522, 524, 530, 599)),
        hosts.cut_off(PICTURE),
        hosts.slammed(),
    ],
)
def test_a_trouble_that_passes_costs_no_image(host: Host, origin: HttpOrigin, trouble: Behaviour) -> None:
    host.paths["/a"] = hosts.in_turn(trouble, hosts.body(PICTURE))
    assert isinstance(fetch(origin, host.url("/a")), Fetched)
    assert host.count("/a") == 2


def test_silence_that_passes_costs_no_image(host: Host) -> None:
    host.paths["/a"] = hosts.in_turn(hosts.silent(), hosts.body(PICTURE))
    # Tried often: on a machine that stands still, the answer takes longer than a second as well.
    origin = HttpOrigin(Guard([f"127.0.0.1:{host.port}"], LOOPBACK), read_seconds=1, tries=20)
    assert isinstance(fetch(origin, host.url("/a")), Fetched)
    origin.close()
    assert host.count("/a") >= 2


@pytest.mark.parametrize("dated", [False, True])
def test_the_host_says_how_long_all_wait(
    host: Host, origin: HttpOrigin, dated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is told to come back later, the others aren't let near either."""
    paused = threading.Event()
    until: list[float] = []
    times: dict[str, float] = {}

    def busy(handler: hosts.Handler) -> None:
        times["told"] = time.monotonic()
        # A date has no fractions of a second: it names a moment between one and two seconds from now.
        when = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=2), usegmt=True)
        handler.answer(429, b"", {"Retry-After": when if dated else "1"})

    def timed(name: str) -> Behaviour:
        def behave(handler: hosts.Handler) -> None:
            times[name] = time.monotonic()
            handler.answer(200, PICTURE)

        return behave

    def noted(politeness: Politeness, _: float) -> None:
        until.append(politeness._not_before)
        paused.set()

    after(monkeypatch, Politeness, "pause", noted)
    host.paths["/a"] = hosts.in_turn(busy, timed("a"))
    host.paths["/b"] = timed("b")
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(fetch, origin, host.url("/a"))
        assert paused.wait(SECONDS)
        second = threads.submit(fetch, origin, host.url("/b"))
        assert isinstance(first.result(), Fetched)
        assert isinstance(second.result(), Fetched)
    assert until[0] - times["told"] > 0.9
    assert min(times["a"], times["b"]) >= until[0]


def test_a_wait_that_is_too_long_leaves_the_image_for_later(host: Host, origin: HttpOrigin) -> None:
    host.paths["/a"] = hosts.status(429, Retry_After="86400")
    found = fetch(origin, host.url("/a"))
    assert isinstance(found, Refused)
    assert (found.reason, found.again) == ("busy", True)
    assert host.count("/a") == 1
    host.paths["/b"] = hosts.body(PICTURE)
    assert isinstance(fetch(origin, host.url("/b")), Fetched)  # and does not stop the others for a day


def test_a_host_is_asked_no_more_at_once_than_allowed(host: Host) -> None:
    origin = HttpOrigin(Guard([f"127.0.0.1:{host.port}"], LOOPBACK), at_once=3)
    behaviour = hosts.counted(hosts.body(PICTURE), at_once=3)
    for n in range(24):
        host.paths[f"/{n}"] = behaviour
    with ThreadPoolExecutor(12) as threads:
        found = list(threads.map(lambda n: fetch(origin, host.url(f"/{n}")), range(24)))
    origin.close()
    assert all(isinstance(one, Fetched) for one in found)
    assert host.most_at_once == 3


def test_redirects_are_followed_to_where_they_end(host: Host, origin: HttpOrigin) -> None:
    host.paths["/a"] = hosts.redirect("/b/", 301)
    host.paths["/b/"] = hosts.redirect("../상품.jpg".encode().decode("latin-1"), 307)
    host.paths["/%EC%83%81%ED%92%88.jpg"] = hosts.body(PICTURE)
    found = fetch(origin, host.url("/a"))
    assert isinstance(found, Fetched)
    assert found.final_url == host.url("/%EC%83%81%ED%92%88.jpg")


def test_a_refresh_asks_whether_it_has_changed(host: Host, origin: HttpOrigin) -> None:
    host.paths["/a"] = hosts.status(304)
    assert fetch(origin, host.url("/a"), etag='"1"', last_modified="then") == Unchanged(host.url("/a"))
    headers = host.asked[0][1]
    assert (headers["if-none-match"], headers["if-modified-since"]) == ('"1"', "then")


def test_changed_content_comes_with_its_new_validators(host: Host, origin: HttpOrigin) -> None:
    other = picture(seed=2)
    host.paths["/a"] = hosts.body(other, ETag='"2"')
    found = fetch(origin, host.url("/a"), etag='"1"')
    assert isinstance(found, Fetched)
    assert (found.body, found.etag) == (other, '"2"')


def test_a_compressed_answer_is_bounded_by_what_it_expands_to(host: Host, origin: HttpOrigin) -> None:
    host.paths["/bomb"] = hosts.body(gzip.compress(b"\0" * 50_000_000), Content_Encoding="gzip")
    host.paths["/a"] = hosts.body(gzip.compress(PICTURE), Content_Encoding="gzip")
    found = fetch(origin, host.url("/bomb"))
    assert isinstance(found, Refused)
    assert found.reason == "too large"
    assert fetch(origin, host.url("/a")) == Fetched(host.url("/a"), PICTURE)


def test_stopping_ends_what_waits(host: Host, origin: HttpOrigin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "PATIENCE", 1000.0)
    host.paths["/a"] = hosts.status(503, Retry_After="900")
    stop = threading.Event()
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(origin.fetch, Wanted(host.url("/a")), MOST, stop)
        while not host.count("/a"):
            time.sleep(0.01)
        stop.set()
        found = waiting.result(SECONDS)
    assert isinstance(found, Refused)
    assert found.again


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate of img.old.example, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "img.old.example")])
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("img.old.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    both = tmp_path_factory.mktemp("tls") / "both.pem"
    both.write_bytes(private + made.public_bytes(pem))
    return both


@pytest.fixture
def tls_host(certificate: Path) -> Iterator[Host]:
    with misbehaving() as host:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        host.socket = context.wrap_socket(host.socket, server_side=True)
        host.paths["/a"] = hosts.body(PICTURE)
        yield host


@pytest.mark.parametrize(
    ("name", "trusted", "works"),
    [("img.old.example", True, True), ("other.example", True, False), ("img.old.example", False, False)],
)
def test_tls_verifies_the_name_of_the_url_at_the_address_that_was_checked(
    tls_host: Host, certificate: Path, name: str, trusted: bool, works: bool
) -> None:
    guard = Guard([f"{name}:{tls_host.port}"], LOOPBACK, resolve=lambda *_: ["127.0.0.1"])
    origin = HttpOrigin(guard, tries=1, authorities=certificate if trusted else None)
    found = fetch(origin, f"https://{name}:{tls_host.port}/a")
    origin.close()
    if works:
        assert isinstance(found, Fetched)
    else:
        assert isinstance(found, Refused)
        assert "TLS" in found.detail
        assert tls_host.asked == []
