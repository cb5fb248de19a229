"""Which hosts may be asked for images, and at which addresses: names are resolved once, and what was checked is connected to.

The race: a name that answers with a public address when it is checked and with a private one when it is connected to. So there is
one resolution for each connection, all of its addresses are checked, and the socket is opened to one of those very addresses. The
name stays what TLS verifies and what the Host header says.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import SplitResult, urlsplit

from changeover.errors import ConfigurationError
from changeover.images.image import Reason
from changeover.images.url import host as normal_host

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NETWORKS, HOSTS = "CHANGEOVER_IMAGE_NETWORKS", "CHANGEOVER_IMAGE_HOSTS"

Resolver = Callable[[str, int], Sequence[str]]

ADMITTED = 1_000
"""Hosts that were admitted and are remembered: more than a shop has, fewer than a wild-card could grow to."""

UNRESOLVED_SECONDS = 30.0
"""For which a name that has no address is not looked up again: a run of thousands of its images ends at once, and a name that is
put right is found by the next one."""
SECOND_LOOK = 1.0
"""Seconds after which a resolver that had no answer is asked once more."""

_DEFAULT_PORTS = {"http": 80, "https": 443}

# IANA's registries of special-purpose addresses, and multicast. Python's own `is_global` depends on its version.
_NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        """0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
        192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24
        203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32
        2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20""".split(),
    )
)
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class Forbidden(Exception):
    """A host or an address that may not be asked. ``reason`` and ``detail`` are for `Refused`."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.detail = detail


class Unresolved(Exception):
    """A host's name leads to no address, so none of its images can be had for now. No `OSError`: it isn't worth another attempt."""


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet, whatever IPv6 form an IPv4 address is wrapped in."""
    address = unwrapped(address)
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return not any(address in network for network in _NOT_PUBLIC if network.version == address.version)


def unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv4-mapped or NAT64 address leads to; any other address as it is."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def system_resolver(name: str, port: int) -> Sequence[str]:
    """All addresses of a name, by the system's resolver. Raises OSError."""
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guard:
    """The hosts that may be asked, and the networks that they may be in beside the public internet."""

    def __init__(
        self,
        hosts: Iterable[str],
        networks: Iterable[str] = (),
        connect_to: Mapping[str, tuple[str, int]] | None = None,
        resolve: Resolver = system_resolver,
    ) -> None:
        """Say what is allowed.

        Parameters:
            hosts: ``img.example.com``, with a port where it isn't the scheme's own (``img.example.com:8080``); ``*.example.com``
                means each host below it, not itself.
            networks: of addresses that are allowed although they aren't public (``10.2.0.0/16``, ``127.0.0.0/8``).
            connect_to: a host's name -> the address or name and the port that are connected to in its place, by the operator's
                word. Nothing of it is checked.
            resolve: name, port -> addresses.
        Raises: ValueError for what is no host or no network.
        """
        self._hosts = frozenset(map(place, hosts))
        self._networks = tuple(map(ipaddress.ip_network, networks))
        self._instead = {normal_host(name): where for name, where in (connect_to or {}).items()}
        self._resolve = resolve
        self._admitted: set[tuple[str, str]] = set()
        self._unresolved: dict[str, tuple[float, str]] = {}
        """Until when a name is left alone, and why."""

    @classmethod
    def from_environment(cls, hosts: Iterable[str]) -> Guard:
        """The guard of some hosts, with what ``CHANGEOVER_IMAGE_NETWORKS`` and ``CHANGEOVER_IMAGE_HOSTS`` say beside.

        Raises: ConfigurationError naming the variable; ValueError for ``hosts`` that are none.
        """
        networks = _listed(NETWORKS)
        try:
            for network in networks:
                ipaddress.ip_network(network)
        except ValueError:
            raise ConfigurationError(
                f"{NETWORKS} is {os.environ[NETWORKS]!r}: expected networks with commas, such as 10.2.0.0/16"
            ) from None
        try:
            instead = dict(map(_instead, _listed(HOSTS)))
        except ValueError:
            raise ConfigurationError(
                f"{HOSTS} is {os.environ[HOSTS]!r}: expected hosts and what stands in for them, with commas, such as "
                "img.example.com=10.2.0.7:8080"
            ) from None
        return cls(hosts, networks, instead)

    def admit(self, url: str) -> None:
        """Raise Forbidden unless the host of a URL, in its normal form, is an allowed one."""
        parts = urlsplit(url)
        place = parts.scheme, parts.netloc
        if place not in self._admitted:
            self._look_up(parts)
            if len(self._admitted) < ADMITTED:
                self._admitted.add(place)

    def _look_up(self, parts: SplitResult) -> None:
        name, default = parts.hostname or "", _DEFAULT_PORTS.get(parts.scheme)
        port = None if parts.port in (None, default) else parts.port
        labels = name.split(".")
        names = [name, *("*." + ".".join(labels[n:]) for n in range(1, len(labels)))]
        if default is None or not any((one, port) in self._hosts for one in names):
            raise Forbidden(
                "host", f"{name or 'no host'} is not among the hosts that may be asked for images"
            )

    def addresses(self, name: str, port: int) -> list[str]:
        """The addresses of a host, all of them checked.

        Raises: Forbidden when any of them may not be asked; Unresolved when the name can't be resolved, or could not be some
            seconds ago.
        """
        found = [_parsed(text) for text in self._resolved(name, port)]
        for address in found:
            if address is None or not (is_public(address) or self._is_allowed(address)):
                raise Forbidden("address", f"{name} leads to an address that is not public")
        return [str(address) for address in found]

    def connect(self, name: str, port: int, timeout: float | None) -> socket.socket:
        """A socket to a checked address of a host, or to what the operator put in its place.

        Raises: Forbidden; Unresolved; OSError when no address answers within ``timeout`` seconds each.
        """
        if name in self._instead:
            return socket.create_connection(self._instead[name], timeout)
        error: OSError | None = None
        for address in self.addresses(name, port):
            try:
                # An address in, so nothing is resolved a second time.
                return socket.create_connection((address, port), timeout)
            except OSError as failed:
                error = failed
        assert error is not None
        raise error

    def _resolved(self, name: str, port: int) -> Sequence[str]:
        for attempt in range(2):
            until, why = self._unresolved.get(name, (0.0, ""))
            if time.monotonic() < until:
                raise Unresolved(why)
            try:
                if found := self._resolve(name, port):
                    return found
                passing = False
            except OSError as error:
                passing = error.errno == socket.EAI_AGAIN
            if passing and attempt == 0:
                time.sleep(SECOND_LOOK)
            else:
                break
        why = f"the name {name} can't be resolved"
        self._unresolved[name] = (time.monotonic() + UNRESOLVED_SECONDS, why)
        raise Unresolved(why)

    def _is_allowed(self, address: Address) -> bool:
        plain = unwrapped(address)
        return any(plain in network for network in self._networks if network.version == plain.version)


def _parsed(text: str) -> Address | None:
    """An address that the resolver gave; None for one with a zone, which is never public."""
    try:
        return None if "%" in text else ipaddress.ip_address(text)
    except ValueError:
        return None


def place(given: str) -> tuple[str, int | None]:
    """The name, in its one spelling, and the port of an allowed host. Raises ValueError for what is none."""
    below = "*." if given.startswith("*.") else ""
    name, colon, port = given.removeprefix("*.").partition(":")
    if given.startswith("["):
        literal, _, rest = given[1:].partition("]")
        return ipaddress.IPv6Address(literal).compressed, int(rest[1:]) if rest else None
    return below + normal_host(name), int(port) if colon else None


def _listed(variable: str) -> list[str]:
    return [part.strip() for part in os.environ.get(variable, "").split(",") if part.strip()]


def _instead(text: str) -> tuple[str, tuple[str, int]]:
    name, _, where = text.partition("=")
    address, _, port = where.rpartition(":")
    if not address:
        raise ValueError("no port")
    return normal_host(name), (address.strip("[]"), int(port))
