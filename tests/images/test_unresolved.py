"""A host whose name leads nowhere costs a run one look at its name, not attempts at each of its images."""

from __future__ import annotations

import socket
import time
from collections import Counter

import pytest

from changeover.images import guard as guards
from changeover.images.bucket import Bucket
from changeover.images.guard import Guard, Unresolved
from changeover.images.image import Arrived, Refused, Rules, Wanted
from changeover.images.origins.http import HttpOrigin
from changeover.images.transfer import transfer
from tests.images import host as hosts
from tests.images.host import Host
from tests.images.pictures import picture

GONE = "gone.old.example"


class Names:
    """A resolver, and what it was asked. Names that it doesn't know fail with ``errno``."""

    def __init__(self, errno: int = socket.EAI_NONAME) -> None:
        self.errno = errno
        self.known: dict[str, str] = {}
        self.asked: Counter[str] = Counter()

    def __call__(self, name: str, port: int) -> list[str]:
        self.asked[name] += 1
        if name not in self.known:
            raise socket.gaierror(self.errno, "the resolver's words")
        return [self.known[name]]


def test_a_host_that_is_not_found_is_looked_up_once_and_the_others_images_arrive(
    bucket: Bucket, host: Host
) -> None:
    names = Names()
    names.known["img.old.example"] = "127.0.0.1"
    for n in range(20):
        host.paths[f"/{n}"] = hosts.body(picture(seed=n))
    guard = Guard([GONE, f"img.old.example:{host.port}"], ["127.0.0.0/8"], resolve=names)
    origin = HttpOrigin(guard)
    wanted = [Wanted(f"http://{GONE}/{n}") for n in range(500)]
    wanted[100:100] = [Wanted(f"http://img.old.example:{host.port}/{n}") for n in range(20)]
    began = time.monotonic()
    outcomes = list(transfer(origin, bucket, Rules(), wanted, workers=4))
    took = time.monotonic() - began
    origin.close()
    assert Counter(type(one) for one in outcomes) == {Arrived: 20, Refused: 500}
    refused = [one for one in outcomes if isinstance(one, Refused)]
    assert {(one.reason, one.again, one.detail) for one in refused} == {
        ("unreachable", True, f"the name {GONE} can't be resolved")
    }
    assert 1 <= names.asked[GONE] <= 4, "once, by each worker that did not know yet"
    # Four attempts at each image, with a second and a half of waits, would take three minutes.
    assert took < 15


def test_a_name_is_looked_up_again_after_some_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names()
    guard = Guard([GONE], resolve=names)
    now = 1000.0
    monkeypatch.setattr(guards.time, "monotonic", lambda: now)
    for _ in range(3):
        with pytest.raises(Unresolved):
            guard.addresses(GONE, 80)
    assert names.asked[GONE] == 1
    names.known[GONE] = "1.1.1.1"
    now += guards.UNRESOLVED_SECONDS
    assert guard.addresses(GONE, 80) == ["1.1.1.1"]


def test_a_resolver_without_an_answer_is_asked_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(socket.EAI_AGAIN)
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        names.known[GONE] = "1.1.1.1"

    monkeypatch.setattr(guards.time, "sleep", sleep)
    assert Guard([GONE], resolve=names).addresses(GONE, 80) == ["1.1.1.1"]
    assert (names.asked[GONE], waited) == (2, [guards.SECOND_LOOK])


def test_a_name_without_an_address_is_not_resolved() -> None:
    with pytest.raises(Unresolved):
        Guard([GONE], resolve=lambda *_: []).addresses(GONE, 80)
