"""An answer is taken when it came to its announced end, however it arrived, and what is no answer is none."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from itertools import count, pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from changeover.images.guard import Guard
from changeover.images.image import Refused, Unchanged, Wanted
from changeover.images.origins.http import HttpOrigin
from changeover.images.origins.origin import Fetched
from tests.images import host as hosts
from tests.images.conftest import LOOPBACK
from tests.images.host import Host
from tests.images.pictures import picture

MOST = 200_000
STARTS = [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"]
many = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
numbers = count()


@pytest.fixture
def once(host: Host) -> Iterator[HttpOrigin]:
    """Asks each image once."""
    guard = Guard([f"127.0.0.1:{host.port}"], LOOPBACK)
    origin = HttpOrigin(guard, connect_seconds=2, read_seconds=2, image_seconds=4, tries=1)
    yield origin
    origin.close()


def read(
    host: Host, origin: HttpOrigin, *parts: bytes, most: int = MOST, etag: str | None = None
) -> Fetched | Refused | Unchanged:
    """What is made of an answer that arrives in parts, whereupon the connection ends."""
    path = f"/{next(numbers)}"

    def behave(handler: hosts.Handler) -> None:
        handler.close_connection = True
        for part in parts:
            handler.wfile.write(part)

    host.paths[path] = behave
    return origin.fetch(Wanted(host.url(path), etag=etag), most, threading.Event())


def answer(body: bytes, **headers: str) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode() + body


def chunked(body: bytes, size: int) -> bytes:
    parts = [body[n : n + size] for n in range(0, len(body), size)]
    coded = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(part), part) for part in parts)
    return answer(coded + b"0\r\nTrailer: 1\r\n\r\n", Transfer_Encoding="chunked")


def split(whole: bytes, places: list[int]) -> list[bytes]:
    cuts = sorted({0, len(whole), *(place % (len(whole) + 1) for place in places)})
    return [whole[a:b] for a, b in pairwise(cuts)]


@many
@given(
    body=st.binary(min_size=1, max_size=3_000),
    size=st.integers(1, 700),
    places=st.lists(st.integers(0, 10**6), max_size=12),
    how=st.sampled_from(["length", "chunked", "end", "gzip"]),
)
def test_an_answer_is_the_same_however_it_arrives(
    host: Host, once: HttpOrigin, body: bytes, size: int, places: list[int], how: str
) -> None:
    coded = gzip.compress(body)
    whole = {
        "length": answer(body, Content_Length=str(len(body))),
        "chunked": chunked(body, size),
        "end": answer(body),
        "gzip": answer(coded, Content_Length=str(len(coded)), Content_Encoding="gzip"),
    }[how]
    found = read(host, once, *split(whole, places))
    assert isinstance(found, Fetched)
    assert found.body == body


@pytest.mark.parametrize(
    "whole", [answer(b"12345", Content_Length="5"), chunked(b"12345", 2)], ids=["length", "chunked"]
)
def test_an_answer_that_is_cut_anywhere_is_never_taken_for_whole(
    host: Host, once: HttpOrigin, whole: bytes
) -> None:
    assert isinstance(read(host, once, whole), Fetched)
    for place in range(len(whole)):
        found = read(host, once, whole[:place])
        assert isinstance(found, Refused), whole[:place]
        assert found.again


@many
@given(text=st.binary(max_size=300), start=st.sampled_from(STARTS))
def test_any_bytes_are_an_answer_or_a_reason(host: Host, once: HttpOrigin, text: bytes, start: bytes) -> None:
    assert isinstance(read(host, once, start + text), (Fetched, Refused))


@pytest.mark.parametrize(
    "text",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n1",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n1",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n1",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n1\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n12\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: unheard-of\r\nContent-Length: 1\r\n\r\n1",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\npage",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n1",
    ],
)
def test_what_is_no_answer_is_refused(host: Host, once: HttpOrigin, text: bytes) -> None:
    found = read(host, once, text)
    assert isinstance(found, Refused)
    assert (found.reason, found.again) == ("unreachable", True)


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.0 200\r\nContent-Type: image/jpeg\n\n12",
        b"HTTP/1.1 103 Early Hints\r\nETag: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length:2\r\n\r\n12",
        b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\n12",
    ],
)
def test_old_and_chatty_servers_are_understood(host: Host, once: HttpOrigin, text: bytes) -> None:
    found = read(host, once, text)
    assert isinstance(found, Fetched)
    assert (found.body, found.etag) == (b"12", None)


def test_nothing_new_has_no_body_whatever_it_announces(host: Host, once: HttpOrigin) -> None:
    text = answer(b"", Content_Length="9" * 15).replace(b"200 OK", b"304 Not Modified")
    assert isinstance(read(host, once, text, etag='"1"'), Unchanged)


@pytest.mark.parametrize(
    "lines",
    [
        b"HTTP/1.1 200 OK: 1\r\n",
        b"HTTP/: 1\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\nHTTP/1.1 200 OK: 1\r\n",
    ],
)
def test_a_header_that_looks_like_a_status_is_none(host: Host, once: HttpOrigin, lines: bytes) -> None:
    found = read(host, once, b"HTTP/1.1 404 Not Found\r\n" + lines + b"\r\n")
    assert isinstance(found, Refused)
    assert found.reason == "missing"


@pytest.mark.parametrize(
    "whole",
    [
        answer(b"1" * 11, Content_Length="11"),
        answer(b"1" * 11),
        chunked(b"1" * 11, 4),
        answer(b"", Content_Length="9" * 18),
        answer(b"", Content_Length="9" * 30),
    ],
)
def test_a_body_is_bounded_however_it_is_announced(host: Host, once: HttpOrigin, whole: bytes) -> None:
    found = read(host, once, whole, most=10)
    assert isinstance(found, Refused)
    assert found.reason == "too large"
    if b"9999" not in whole:
        found = read(host, once, whole, most=11)
        assert isinstance(found, Fetched)
        assert found.body == b"1" * 11


@pytest.mark.parametrize(
    "words",
    [
        hosts.endless(b"no"),
        hosts.dripping(b"no" * 9999, 0.02),
        hosts.silent(),
        lambda handler: handler.wfile.write(gzip.compress(bytes(9_000_000))),
    ],
)
def test_a_status_counts_whatever_is_said_beside_it(
    host: Host, once: HttpOrigin, words: hosts.Behaviour
) -> None:
    def behave(handler: hosts.Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 404 Not Found\r\nContent-Encoding: gzip\r\n\r\n")
        words(handler)

    host.paths["/a"] = behave
    found = once.fetch(Wanted(host.url("/a")), MOST, threading.Event())
    assert isinstance(found, Refused)
    assert found.reason == "missing"


def test_a_page_beside_a_status_is_read_only_as_far_as_it_is_short(host: Host, once: HttpOrigin) -> None:
    sent: list[int] = []

    def behave(handler: hosts.Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 404 Not Found\r\n\r\n")
        while len(sent) < 1_000:
            handler.wfile.write(bytes(65_536))
            sent.append(65_536)

    host.paths["/a"] = behave
    found = once.fetch(Wanted(host.url("/a")), 100_000_000, threading.Event())
    assert isinstance(found, Refused)
    assert found.reason == "missing"
    assert sum(sent) < 30_000_000  # what the system holds on its way included


def test_what_follows_an_answer_is_never_taken_for_the_next_one(host: Host, origin: HttpOrigin) -> None:
    """A host that says more than it announced could slip an answer under the next image."""
    evil, good = picture(seed=1), picture(seed=2)
    slipped = answer(evil, Content_Length=str(len(evil)))
    host.paths["/a"] = lambda handler: handler.wfile.write(answer(b"1", Content_Length="1") + slipped)  # type: ignore[func-returns-value]
    host.paths["/b"] = hosts.body(good)
    for _ in range(3):
        origin.fetch(Wanted(host.url("/a")), MOST, threading.Event())
        found = origin.fetch(Wanted(host.url("/b")), MOST, threading.Event())
        assert isinstance(found, Fetched)
        assert found.body == good
    assert host.connections == 4  # none is kept that said too much


def test_what_is_said_unasked_is_never_taken_for_an_answer(host: Host, origin: HttpOrigin) -> None:
    """The same a moment later, when the connection is kept already."""
    evil, good = picture(seed=1), picture(seed=2)
    taken, slipped = threading.Event(), threading.Event()

    def answer_and_slip(handler: hosts.Handler) -> None:
        handler.answer(200, b"1")
        taken.wait(10)
        handler.answer(200, evil)
        slipped.set()

    host.paths["/a"] = answer_and_slip
    host.paths["/b"] = hosts.body(good)
    origin.fetch(Wanted(host.url("/a")), MOST, threading.Event())
    taken.set()
    assert slipped.wait(10)
    found = origin.fetch(Wanted(host.url("/b")), MOST, threading.Event())
    assert isinstance(found, Fetched)
    assert found.body == good


def test_a_connection_that_the_host_has_closed_meanwhile_costs_nothing(host: Host, once: HttpOrigin) -> None:
    def answer_and_leave(handler: hosts.Handler) -> None:
        handler.answer(200, picture())
        handler.close_connection = True

    host.paths["/a"] = answer_and_leave
    for _ in range(5):
        assert isinstance(once.fetch(Wanted(host.url("/a")), MOST, threading.Event()), Fetched)
    assert host.count("/a") == 5


def test_a_connection_is_kept_for_its_own_name_only(host: Host) -> None:
    """Two names at one address, of which the host's answers differ."""
    names = [f"{name}.old.example:{host.port}" for name in ("one", "two")]
    origin = HttpOrigin(Guard(names, LOOPBACK, resolve=lambda *_: ["127.0.0.1"]), tries=1)
    host.paths["/a"] = lambda handler: handler.answer(200, str(handler.headers["Host"]).encode())
    for name in names * 2:
        found = origin.fetch(Wanted(f"http://{name}/a"), MOST, threading.Event())
        assert isinstance(found, Fetched)
        assert found.body == name.encode()
    origin.close()
    assert host.connections == 2


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x03\x40\x00\x02"])
def test_a_host_that_never_ends_its_tls_handshake_is_slow(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"127.0.0.1:{server.getsockname()[1]}"
        ending = threading.Event()

        def drip() -> None:
            accepted, _ = server.accept()
            with accepted:
                while not ending.wait(0.05):
                    accepted.sendall(said)

        thread = threading.Thread(target=drip)
        thread.start()
        origin = HttpOrigin(Guard([place], LOOPBACK), connect_seconds=1, image_seconds=60, tries=1)
        began = time.monotonic()
        found = origin.fetch(Wanted(f"https://{place}/a"), MOST, threading.Event())
        ending.set()
        thread.join()
        origin.close()
    assert isinstance(found, Refused)
    assert (found.reason, found.again) == ("slow", True)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("said", [b"", answer(b"1", Content_Length="2")])
def test_a_pause_is_bounded_by_itself(host: Host, said: bytes) -> None:
    origin = HttpOrigin(Guard([f"127.0.0.1:{host.port}"], LOOPBACK), read_seconds=1, tries=1)

    def behave(handler: hosts.Handler) -> None:
        handler.wfile.write(said)
        hosts.silent()(handler)

    host.paths["/a"] = behave
    began = time.monotonic()
    found = origin.fetch(Wanted(host.url("/a")), MOST, threading.Event())
    origin.close()
    assert isinstance(found, Refused)
    assert (found.reason, found.again) == ("slow", True)
    assert time.monotonic() - began < 10


def test_stopping_ends_what_is_being_read(host: Host) -> None:
    origin = HttpOrigin(Guard([f"127.0.0.1:{host.port}"], LOOPBACK))
    host.paths["/a"] = hosts.dripping(answer(b"1" * 9999, Content_Length="9999"), 0.02)
    stop = threading.Event()
    threading.Timer(1, stop.set).start()
    began = time.monotonic()
    found = origin.fetch(Wanted(host.url("/a")), MOST, stop)
    origin.close()
    assert isinstance(found, Refused)
    assert (found.reason, found.again) == ("unreachable", True)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("validator", ['"1"\r\nX-Evil: 1', '"1"\n', '"\x00"', '"상"'])
def test_a_validator_cannot_add_a_header(host: Host, once: HttpOrigin, validator: str) -> None:
    host.paths["/a"] = hosts.body(picture())
    wanted = Wanted(host.url("/a"), etag=validator, last_modified=validator)
    assert isinstance(once.fetch(wanted, MOST, threading.Event()), Fetched)
    assert not {"x-evil", "if-none-match", "if-modified-since"} & set(host.asked[0][1])


def test_a_validator_is_not_said_of_the_next_image(host: Host, once: HttpOrigin) -> None:
    host.paths["/a"] = hosts.body(picture())
    once.fetch(Wanted(host.url("/a"), etag='"1"'), MOST, threading.Event())
    once.fetch(Wanted(host.url("/a")), MOST, threading.Event())
    assert ["if-none-match" in headers for _, headers in host.asked] == [True, False]
    assert host.connections == 1


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX-Evil: 1", "/a\n", "/상"])
def test_a_url_that_is_not_in_the_normal_form_is_not_asked_for(
    host: Host, once: HttpOrigin, path: str
) -> None:
    found = once.fetch(Wanted(host.url(path)), MOST, threading.Event())
    assert not isinstance(found, Fetched)
    assert host.asked == []


def test_a_password_that_the_user_keeps_for_a_host_is_not_told(
    host: Host, once: HttpOrigin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("default login somebody password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    host.paths["/a"] = hosts.body(picture())
    assert isinstance(once.fetch(Wanted(host.url("/a")), MOST, threading.Event()), Fetched)
    assert "authorization" not in host.asked[0][1]
