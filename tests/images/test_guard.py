"""No address but a public one of an allowed host is ever connected to."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.errors import ConfigurationError
from changeover.images.guard import HOSTS, NETWORKS, Forbidden, Guard, is_public
from changeover.images.image import Refused, Wanted
from changeover.images.origins.http import HttpOrigin
from changeover.images.url import normal
from tests.images.host import Host, body, redirect
from tests.images.pictures import picture

# Not the guard's own list: what the RFCs name, written down a second time.
PRIVATE = [
    *(
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
    ),
    *("192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "192.88.99.0/24"),
    *("224.0.0.0/4", "240.0.0.0/4"),
]
PRIVATE_6 = [
    "::/128",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
    "2001:db8::/32",
    "100::/64",
    "2001::/32",
]
METADATA = [
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "fd00:ec2::254",
]
NAT64 = int(ipaddress.IPv6Address("64:ff9b::"))
NAT64_LOCAL = int(ipaddress.IPv6Address("64:ff9b:1::"))
MAPPED = int(ipaddress.IPv6Address("::ffff:0:0"))
SIX_TO_FOUR = int(ipaddress.IPv6Address("2002::"))

private = st.sampled_from(PRIVATE).flatmap(lambda network: st.ip_addresses(network=network))
private_6 = st.sampled_from(PRIVATE_6).flatmap(lambda network: st.ip_addresses(network=network))


def wrapped(address: ipaddress.IPv4Address) -> list[ipaddress.IPv6Address]:
    """The IPv6 forms that lead to an IPv4 address."""
    value = int(address)
    forms = (MAPPED | value, value, NAT64 | value, NAT64_LOCAL | value, SIX_TO_FOUR | value << 80)
    return [ipaddress.IPv6Address(form) for form in forms]


@given(private)
def test_a_private_ipv4_address_is_not_public_in_any_form(address: ipaddress.IPv4Address) -> None:
    assert not is_public(address)
    assert not any(map(is_public, wrapped(address)))


@given(private_6)
def test_a_private_ipv6_address_is_not_public(address: ipaddress.IPv6Address) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", METADATA)
def test_no_metadata_service_is_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "8.8.8.8",
        "211.115.106.1",
        "2606:4700::1111",
        "2a00:1450::1",
        "64:ff9b::808:808",
        "::ffff:1.1.1.1",
    ],
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4))
def test_nothing_is_public_that_the_standard_library_calls_private(address: ipaddress.IPv4Address) -> None:
    if address.is_private or address.is_multicast or address.is_reserved or address.is_link_local:
        assert not is_public(address)


def guard(
    *addresses: str, hosts: Sequence[str] = ("img.old.example",), networks: Sequence[str] = ()
) -> Guard:
    return Guard(hosts, networks, resolve=lambda *_: addresses)


@given(st.one_of(private, private_6), st.integers(0, 2))
def test_one_private_address_among_several_refuses_the_name(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, place: int
) -> None:
    addresses = ["1.1.1.1", "2606:4700::1111"]
    addresses.insert(place, str(address))
    with pytest.raises(Forbidden) as refused:
        guard(*addresses).addresses("img.old.example", 80)
    assert refused.value.reason == "address"
    assert str(address) not in refused.value.detail


@pytest.mark.parametrize("address", ["fe80::1%eth0", "2606:4700::1111%1", "not an address"])
def test_an_address_with_a_zone_is_refused(address: str) -> None:
    with pytest.raises(Forbidden):
        guard(address).addresses("img.old.example", 80)


def test_a_network_that_is_allowed_allows_its_addresses_in_each_form_and_no_others() -> None:
    allowed = ["10.2.0.0/16", "fd12::/16"]
    for address in ("10.2.3.4", "::ffff:10.2.3.4", "fd12::1"):
        assert guard(address, networks=allowed).addresses("img.old.example", 80)
    for address in ("10.3.3.4", "127.0.0.1", "fd13::1", "::ffff:10.3.3.4"):
        with pytest.raises(Forbidden):
            guard(address, networks=allowed).addresses("img.old.example", 80)


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example/",
        "http://img.old.example.evil.example/",
        "http://evilimg.old.example/",
        "http://old.example/",
        "http://img.old.example:8080/",
        "https://img.old.example:80/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://2130706433/",
        "http://a.cdn.example:81/",
        "http://cdn.example/",
        "http://evilcdn.example/",
    ],
)
def test_other_hosts_and_ports_are_refused(url: str) -> None:
    with pytest.raises(Forbidden) as refused:
        guard("1.1.1.1", hosts=["img.old.example", "*.cdn.example"]).admit(normal(url))
    assert refused.value.reason == "host"


@pytest.mark.parametrize(
    "url",
    [
        "http://img.old.example/",
        "https://IMG.old.example:443/",
        "http://a.cdn.example/",
        "http://a.b.cdn.example/",
        "http://port.example:8080/",
        "http://한국.example/",
        "http://[2606:4700:0::1111]/",
    ],
)
def test_allowed_hosts_are_admitted_however_they_are_spelled(url: str) -> None:
    hosts = ["Img.Old.Example", "*.cdn.example", "port.example:8080", "한국.example", "[2606:4700::1111]"]
    guard("1.1.1.1", hosts=hosts).admit(normal(url))


def test_localhost_by_the_systems_own_resolver_is_refused() -> None:
    with pytest.raises(Forbidden):
        Guard(["localhost"]).connect("localhost", 80, 1)


class Rebinding:
    """A name that is public when it is asked the first time, and loopback from then on."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, name: str, port: int) -> list[str]:
        self.asked += 1
        return ["127.0.0.2" if self.asked == 1 else "127.0.0.1"]


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(host: Host) -> None:
    """A name that leads to the host from its second resolution on never gets there."""
    resolve = Rebinding()
    host.paths["/a"] = body(picture())
    checked = Guard([f"img.old.example:{host.port}"], ["127.0.0.2/32"], resolve=resolve)
    origin = HttpOrigin(checked, connect_seconds=1, read_seconds=1, tries=1)

    first = origin.fetch(Wanted(f"http://img.old.example:{host.port}/a"), 10_000, threading.Event())
    second = origin.fetch(Wanted(f"http://img.old.example:{host.port}/a"), 10_000, threading.Event())
    origin.close()

    assert isinstance(first, Refused)
    assert first.reason == "unreachable"
    assert isinstance(second, Refused)
    assert second.reason == "address"
    assert resolve.asked == 2
    assert host.asked == []


def test_a_socket_is_opened_to_an_address_and_never_to_a_name(
    monkeypatch: pytest.MonkeyPatch, host: Host
) -> None:
    opened: list[str] = []
    create = socket.create_connection

    def noted(address: tuple[str, int], *rest: object) -> socket.socket:
        opened.append(address[0])
        return create(address, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "create_connection", noted)
    Guard(["h"], ["127.0.0.0/8"], resolve=lambda *_: ["127.0.0.1"]).connect("h", host.port, 1).close()
    assert opened == ["127.0.0.1"]


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:{port}/secret",
        "http://2130706433:{port}/secret",
        "http://0177.0.0.1:{port}/secret",
        "http://0x7f.1:{port}/secret",
        "http://[::ffff:127.0.0.1]:{port}/secret",
        "http://localhost:{port}/secret",
        "//127.0.0.1:{port}/secret",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "http://img.old.example:{port}@127.0.0.1:{port}/secret",
        "http://other.example:{port}/secret",
    ],
)
def test_a_redirect_leads_nowhere_that_is_not_allowed(host: Host, target: str) -> None:
    """The host is reached under its own name alone; by any other it would answer as well."""
    host.paths["/secret"] = body(picture())
    host.paths["/a"] = redirect(target.format(port=host.port))
    instead = {"img.old.example": ("127.0.0.1", host.port)}
    origin = HttpOrigin(Guard([f"img.old.example:{host.port}"], connect_to=instead), tries=1)

    found = origin.fetch(Wanted(f"http://img.old.example:{host.port}/a"), 10_000, threading.Event())
    origin.close()

    assert isinstance(found, Refused)
    assert found.reason == "redirect"
    assert host.count("/secret") == 0


def test_a_redirect_to_an_allowed_name_at_a_private_address_is_refused(host: Host) -> None:
    host.paths["/a"] = redirect(f"http://cdn.old.example:{host.port}/b")
    host.paths["/b"] = body(picture())
    hosts = [f"img.old.example:{host.port}", f"cdn.old.example:{host.port}"]
    instead = {"img.old.example": ("127.0.0.1", host.port)}
    origin = HttpOrigin(Guard(hosts, connect_to=instead, resolve=lambda *_: ["127.0.0.1"]), tries=1)

    found = origin.fetch(Wanted(f"http://img.old.example:{host.port}/a"), 10_000, threading.Event())
    origin.close()

    assert isinstance(found, Refused)
    assert found.reason == "address"
    assert host.count("/b") == 0


def test_the_environment_names_networks_and_stand_ins(monkeypatch: pytest.MonkeyPatch, host: Host) -> None:
    monkeypatch.setenv(NETWORKS, "10.9.0.0/16, fd00::/8")
    monkeypatch.setenv(HOSTS, f"img.old.example=127.0.0.1:{host.port}")
    found = Guard.from_environment(["img.old.example"])
    found.connect("img.old.example", 80, 1).close()
    with pytest.raises(Forbidden):
        found.addresses("127.0.0.1", 80)


@pytest.mark.parametrize(
    ("variable", "value"),
    [(NETWORKS, "10.0.0.1/8"), (NETWORKS, "all"), (HOSTS, "img.old.example"), (HOSTS, "a=b:c")],
)
def test_a_setting_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=variable):
        Guard.from_environment(["img.old.example"])


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch, host: Host) -> None:
    """It would resolve and connect in the guard's place."""
    monkeypatch.setenv("HTTP_PROXY", host.url("/"))
    monkeypatch.setenv("http_proxy", host.url("/"))
    origin = HttpOrigin(Guard(["img.old.example"], resolve=lambda *_: ["127.0.0.1"]), tries=1)
    found = origin.fetch(Wanted("http://img.old.example/a"), 10_000, threading.Event())
    origin.close()
    assert isinstance(found, Refused)
    assert found.reason == "address"
    assert host.asked == []
