"""The normal form of an image's URL: two spellings that every browser takes to the same place are one image.

A URL is read as browsers do: whitespace around it and line breaks in it don't count, ``\\`` is ``/``, and a host may be spelled in
many ways that mean one address. What is left afterwards has one reading only, so that the host that is checked is the host that is
asked.
"""

from __future__ import annotations

import ipaddress
import re
from hashlib import sha256
from urllib.parse import SplitResult, quote, unquote_to_bytes, urljoin, urlsplit, urlunsplit

import idna

MOST = 4_096
"""Characters of a URL: twice what browsers and CDNs take in practice."""

_PORTS = {"http": 80, "https": 443}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_STRAY = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
# In DNS names as they are used, the underscore included, which old image hosts have.
_NAME = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_SURROUNDING = "".join(map(chr, range(0x21))) + "\u00a0\u3000\ufeff"


class Refusal(ValueError):
    """A text is no URL that an image could be fetched from; the message says why, without the text."""


def normal(text: str, base: str = "") -> str:
    """The absolute URL that ``text`` means where ``base`` is the URL it was found at.

    Raises: Refusal.
    """
    given = re.sub(r"[\t\r\n]", "", text.strip(_SURROUNDING))
    if not given:
        raise Refusal("it is empty")
    if len(given) > MOST:
        raise Refusal(f"it is longer than {MOST} characters")
    if _CONTROL.search(given):
        raise Refusal("it holds control characters")
    parts = _split(_joined(_slashed(given), base))
    scheme = parts.scheme.lower()
    if scheme not in _PORTS:
        raise Refusal("it is no URL of http or https")
    host, port = _host_and_port(parts.netloc)
    shown = f"[{host}]" if ":" in host else host
    netloc = shown if port in (None, _PORTS[scheme]) else f"{shown}:{port}"
    path = _without_dots(_escaped(parts.path, "/:@!$&'()*+,;=[]|^"))
    return urlunsplit((scheme, netloc, path, _escaped(parts.query, "/?:@!$&'()*+,;=[]{}|^`\\"), ""))


def digest(url: str) -> bytes:
    """The sha256 (32 bytes) of a normal form: what the image is known by."""
    return sha256(url.encode()).digest()


def _slashed(text: str) -> str:
    end = min((n for n in map(text.find, "?#") if n >= 0), default=len(text))
    return text[:end].replace("\\", "/") + text[end:]


def _joined(text: str, base: str) -> str:
    scheme = _SCHEME.match(text)
    if scheme:
        if scheme[1].lower() not in _PORTS:
            # `localhost:80/x` and `10.0.0.1:80/x` included: no browser takes them for relative.
            raise Refusal("it is no URL of http or https")
        rest = text[scheme.end() :]
        return f"{scheme[1].lower()}://{rest.lstrip('/')}"
    if not base:
        raise Refusal("it is relative, and there is no base URL")
    if text.startswith("//"):
        return f"{urlsplit(base).scheme}://{text.lstrip('/')}"
    try:
        return urljoin(base, text)
    except ValueError:
        raise Refusal("it can't be read as a URL") from None


def _split(text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError:  # unbalanced brackets, or characters that turn into delimiters under NFKC
        raise Refusal("it can't be read as a URL") from None


def _host_and_port(netloc: str) -> tuple[str, int | None]:
    if "@" in netloc:
        raise Refusal("it holds a user or password")
    if netloc.startswith("["):
        literal, closed, rest = netloc[1:].partition("]")
        if not closed or (rest and not rest.startswith(":")):
            raise Refusal("its host can't be read")
        return _ipv6(literal), _port(rest[1:])
    name, _, port = netloc.partition(":")
    return host(name), _port(port)


def host(name: str) -> str:
    """The one spelling of a host's name or IPv4 address: lower case, IDNA, no trailing dot, ``127.0.0.1`` for ``0x7f.1``.

    Raises: Refusal.
    """
    try:
        plain = unquote_to_bytes(name.encode()).decode()
        mapped = idna.uts46_remap(plain, std3_rules=False, transitional=False).lower()
    except (UnicodeError, idna.IDNAError):
        raise Refusal("its host is no name") from None
    mapped = mapped.removesuffix(".")
    if _NUMBER.fullmatch(mapped.rpartition(".")[2]):
        return _ipv4(mapped)
    if not mapped.isascii():
        try:
            mapped = idna.encode(mapped).decode().lower()
        except (UnicodeError, idna.IDNAError):
            raise Refusal("its host is no name") from None
    if not _NAME.fullmatch(mapped):
        raise Refusal("its host is no name" if mapped else "it names no host")
    return mapped


def _ipv4(text: str) -> str:
    """Decimal, octal and hexadecimal parts, of which the last one fills what is left."""
    parts = text.split(".")
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        raise Refusal("its host is no IPv4 address")
    try:
        numbers = [_number(part) for part in parts]
    except ValueError:
        raise Refusal("its host is no IPv4 address") from None
    *first, last = numbers
    if any(number > 255 for number in first) or last >= 256 ** (4 - len(first)):
        raise Refusal("its host is no IPv4 address")
    value = last + sum(number * 256 ** (3 - place) for place, number in enumerate(first))
    return str(ipaddress.IPv4Address(value))


def _number(part: str) -> int:
    if len(part) > 40:
        raise ValueError("too long for an address")
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8 if part.startswith("0") and len(part) > 1 else 10)


def _ipv6(literal: str) -> str:
    if "%" in literal:
        raise Refusal("its host names a zone of this machine")
    try:
        return ipaddress.IPv6Address(literal).compressed
    except ValueError:
        raise Refusal("its host is no IPv6 address") from None


def _port(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65_536):
        raise Refusal("its port is no number from 1 to 65535")
    return int(text)


def _escaped(text: str, safe: str) -> str:
    """Percent-encoding made uniform: what need not be encoded isn't, all else is, in upper case; an encoded delimiter stays one."""

    def plain(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if character in _UNRESERVED else match[0].upper()

    try:
        return quote(_ESCAPE.sub(plain, _STRAY.sub("%25", text)), safe=f"%{safe}-._~")
    except UnicodeEncodeError:
        raise Refusal("it holds half a character") from None


def _without_dots(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")[1:] if path.startswith("/") else path.split("/")
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)
