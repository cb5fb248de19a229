"""A column that holds HTML, with images in its tags.

Looked at are the attributes in which browsers find images (``src`` and ``srcset`` of pictures and their sources, posters,
backgrounds, ``url(…)`` in a style), those that scripts load late from (``data-src`` and its like), and links to a picture.
Comments, scripts and style sheets are left alone; so are pictures that the text holds itself (``data:``), and what holds a ``<``:
a quote before it was never closed, and it is text and tags, which any host might answer with a picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape, unescape
from html.entities import html5

from changeover.mapping.forms.found import Found

# Each alternative starts with a character of its own, and none needs to end; attributes are read one after the other, each from
# where the last one ended: a hostile text takes no longer, and no more memory, than its length.
_SKIPPED = r"<!--.*?(?:-->|\Z)|<(?P<raw>script|style|textarea)\b.*?(?:</(?P=raw)\s*>|\Z)"
_TAG = re.compile(rf"{_SKIPPED}|<(?P<tag>[a-z][^\s/>]*)", re.IGNORECASE | re.DOTALL)
# Its name, and its value in one of three groups; in the last one a quote that is never closed.
_ATTRIBUTE = re.compile(
    r"""[\s/]*([^\s/>][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>][^\s>]*)|(["'])|))?"""
)
_UNCLOSED = 5
_GAP, _WORD, _DESCRIPTOR = re.compile(r"[\s,]*"), re.compile(r"\S+"), re.compile(r"[^,]*")
_QUOTE = r"""(?:["']|&quot;|&#0*39;|&apos;)?"""
_STYLE = re.compile(rf"""url\(\s*{_QUOTE}([^\s()"']+?){_QUOTE}\s*\)""", re.IGNORECASE)
_REFERENCE = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|([a-zA-Z][a-zA-Z0-9]*;?))")
_PICTURE = re.compile(r"\.(?:jpe?g|png|gif|webp|svg|avif|bmp)(?:[?#]|\Z)", re.IGNORECASE)

_PICTURES = frozenset({"img", "source", "input", "image", "amp-img"})
_SOURCES = frozenset({"src", "data-src", "data-original", "data-lazy-src", "data-lazy"})
_SETS = frozenset({"srcset", "data-srcset", "imagesrcset"})


@dataclass(frozen=True)
class _Place:
    """A URL in the text, from ``start`` to ``end``, as it is meant."""

    start: int
    end: int
    url: str


def in_html(text: str) -> Found:
    """The URLs of the pictures in a text."""
    places = [
        place
        for place in _places(text)
        if _may_be_moved(place.url) and "<" not in text[place.start : place.end]
    ]

    def put(new: Sequence[str | None]) -> str:
        parts: list[str] = []
        position = 0
        for place, one in zip(places, new, strict=True):
            if one is not None:
                parts += (text[position : place.start], escape(one))
                position = place.end
        return "".join((*parts, text[position:]))

    return Found(tuple(place.url for place in places), put)


def _may_be_moved(url: str) -> bool:
    return bool(url.strip()) and not url.lstrip().lower().startswith("data:")


def _places(text: str) -> Iterator[_Place]:
    if "<" not in text:
        return
    at = 0
    while (tag := _TAG.search(text, at)) is not None:
        at = tag.end()
        if tag["tag"] is None:
            continue
        name = tag["tag"].lower()
        while (found := _ATTRIBUTE.match(text, at)) is not None:
            at, group = found.end(), found.lastindex or 0
            if group == _UNCLOSED:
                return
            if group > 1:
                yield from _of(name, found[1].lower(), found[group], found.start(group))


def _meant(raw: str) -> str:
    """What an attribute's text means. As in a browser, a name without a semicolon is a reference only where no letter, digit or
    ``=`` follows: in ``?a=1&section=2`` none is."""

    def plain(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return unescape(found[0])
        after = raw[found.end() : found.end() + 1]
        return found[0] if after == "=" and not name.endswith(";") else html5.get(name, found[0])

    return _REFERENCE.sub(plain, raw) if "&" in raw else raw


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Where something ends that may be empty."""
    found = pattern.match(text, at)
    return at if found is None else found.end()


def _candidates(raw: str) -> Iterator[tuple[int, int]]:
    """The URLs of a ``srcset``, from where to where: each up to a space or to the commas at its end."""
    at = 0
    while (word := _WORD.match(raw, _end(_GAP, raw, at))) is not None:
        url = word[0].rstrip(",")
        yield word.start(), word.start() + len(url)
        at = word.end() if url != word[0] else _end(_DESCRIPTOR, raw, word.end())


def _of(tag: str, attribute: str, raw: str, at: int) -> Iterator[_Place]:
    """The URLs of one attribute, whose value begins at ``at``."""
    if attribute in _SETS and tag in {*_PICTURES, "link"}:
        for start, end in _candidates(raw):
            yield _Place(at + start, at + end, _meant(raw[start:end]))
    elif attribute == "style":
        for found in _STYLE.finditer(raw):
            yield _Place(at + found.start(1), at + found.end(1), _meant(found[1]))
    elif _is_picture(tag, attribute, raw):
        yield _Place(at, at + len(raw), _meant(raw))


def _is_picture(tag: str, attribute: str, raw: str) -> bool:
    if attribute in _SOURCES:
        return tag in _PICTURES
    if attribute in ("poster", "background"):
        return True
    if attribute in ("href", "xlink:href"):
        return tag == "image" or (tag == "a" and _PICTURE.search(_meant(raw)) is not None)
    return False
