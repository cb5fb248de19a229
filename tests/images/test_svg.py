"""An SVG keeps what draws, and nothing that runs, fetches or leads away."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changeover.images.svg import DEEPEST, Unclean, looks_like, sanitised

OPEN = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="40" height="30">'
DANGER = re.compile(
    rb"script|\son\w+\s*=|javascript:|https?://(?!www\.w3\.org/)|foreignObject|@import|<!|<\?|&\w+;(?<!&amp;)(?<!&lt;)(?<!&gt;)(?<!&quot;)"
    rb"|file:|evil|iframe|animate|<set",
    re.IGNORECASE,
)


def clean(inner: str, start: str = OPEN) -> bytes:
    return sanitised(f"{start}{inner}</svg>".encode())[0]


HARM = [
    "<script>evil()</script>",
    "<script href='https://evil.example/x.js'/>",
    "<SCRIPT>evil()</SCRIPT>",
    "<g onload='evil()'/>",
    "<g ONCLICK='evil()'/>",
    "<rect onmouseover='evil()' width='1'/>",
    "<foreignObject><iframe xmlns='http://www.w3.org/1999/xhtml' src='https://evil.example'/></foreignObject>",
    "<body xmlns='http://www.w3.org/1999/xhtml' onload='evil()'/>",
    "<html:script xmlns:html='http://www.w3.org/1999/xhtml'>evil()</html:script>",
    "<a href='javascript:evil()'><rect/></a>",
    "<a xlink:href='https://evil.example'><text>go</text></a>",
    "<use href='https://evil.example/a.svg#b'/>",
    "<use xlink:href='data:image/svg+xml;base64,PHN2Zz4='/>",
    "<image href='https://evil.example/track.png'/>",
    "<image xlink:href='file:///etc/passwd'/>",
    "<image href='data:image/svg+xml,&lt;svg onload=evil()&gt;'/>",
    "<feImage href='https://evil.example/a.png'/>",
    "<style>@import 'https://evil.example/a.css';</style>",
    "<style>rect{fill:url(https://evil.example/a)}</style>",
    "<style>rect{fill:u/**/rl(https://evil.example/a)}</style>",
    "<style>rect{fill:\\75rl(https://evil.example/a)}</style>",
    "<style>@font-face{src:url('//evil.example/f')}</style>",
    "<style><![CDATA[</style><script>evil()</script>]]></style>",
    "<style>a<script>evil()</script></style>",
    "<rect style='fill:url(https://evil.example)'/>",
    "<rect fill='url(\"https://evil.example#a\")'/>",
    "<rect filter='url( //evil.example )'/>",
    "<set attributeName='href' to='javascript:evil()'/>",
    "<animate attributeName='href' values='javascript:evil()'/>",
    "<handler xmlns='http://www.w3.org/2001/xml-events'>evil()</handler>",
    "<metadata><script xmlns='x'>evil()</script></metadata>",
    "<!-- evil -->",
    "<?xml-stylesheet href='https://evil.example/a.css'?>",
    "<g xml:base='https://evil.example/'/>",
]


@pytest.mark.parametrize("harm", HARM)
def test_harm_is_left_out_and_the_drawing_stays(harm: str) -> None:
    found = clean(f"<circle r='7'/>{harm}<path d='M0 0'/>")
    assert not DANGER.search(found)
    assert b"<circle r=" in found
    assert b"<path d=" in found
    assert b" href=" not in found


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from([*HARM, "<g>", "</g>", "<rect/>", "x", "<a>", "</a>", "<style>", "</style>"]),
        max_size=8,
    )
)
def test_no_arrangement_of_harm_gets_through(parts: list[str]) -> None:
    try:
        found = clean("".join(parts))
    except Unclean:
        return
    assert not DANGER.search(found)


@pytest.mark.parametrize(
    "drawing",
    [
        "<use href='#b'/>",
        "<use xlink:href='#b-1.2:c'/>",
        "<rect fill='url(#g)'/>",
        "<rect style='fill:url( #g );stroke:red'/>",
        "<style>.a{fill:#fff;filter:url('#f')}</style>",
        "<image href='data:image/png;base64,AAAA'/>",
        "<text xml:space='preserve'>상품 <tspan>1</tspan> &amp; 2</text>",
        "<linearGradient id='g'><stop offset='0'/></linearGradient>",
    ],
)
def test_what_draws_is_kept(drawing: str) -> None:
    expected = re.sub("'", '"', drawing).replace('url("#f")', "url('#f')")
    assert expected.replace("/>", " />").encode() in clean(drawing)


def test_a_links_drawing_stays_without_the_link() -> None:
    assert b"<rect " in clean("<a href='https://evil.example'><rect width='3'/></a>")


def test_cleaning_is_repeatable_and_changes_nothing_a_second_time() -> None:
    once = clean("<circle r='7'/><script>evil()</script><text>a<b/>c</text>")
    assert sanitised(once)[0] == once
    assert clean("<circle r='7'/><script>evil()</script><text>a<b/>c</text>") == once


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'<!DOCTYPE svg [<!ENTITY a "b">]>' + OPEN.encode() + b"&a;</svg>", "svg"),
        (b'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + OPEN.encode() + b"&a;</svg>", "svg"),
        (OPEN.encode() + b"<g>", "broken"),
        (OPEN.encode() + b"&unknown;</svg>", "broken"),
        (b"<svg>no namespace</svg>", "broken"),
        (OPEN.encode() + b"<g>" * DEEPEST + b"</g>" * DEEPEST + b"</svg>", "svg"),
        (OPEN.encode() + b"<g>" * 50_000 + b"</g>" * 50_000 + b"</svg>", "svg"),
    ],
)
def test_what_cannot_be_cleaned_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(Unclean) as refused:
        sanitised(body)
    assert refused.value.reason == reason


def test_entities_that_expand_are_refused_at_once() -> None:
    bomb = '<!DOCTYPE svg [<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with pytest.raises(Unclean):
        sanitised(f"{bomb}]>{OPEN}&i;</svg>".encode())


def test_a_plain_doctype_is_dropped() -> None:
    doctype = (
        '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
    )
    found = sanitised(f"<?xml version='1.0'?>{doctype}{OPEN}<rect/></svg>".encode())[0]
    assert b"DOCTYPE" not in found


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="40" height="30"', (40, 30)),
        ('width="40.4px" height="30px"', (40, 30)),
        ('viewBox="0 0 400 300"', (400, 300)),
        ('width="100%" height="100%" viewBox="0,0,400,300"', (400, 300)),
        ('width="2em"', (None, None)),
    ],
)
def test_the_size_is_what_the_root_says(attributes: str, size: tuple[int | None, int | None]) -> None:
    found = sanitised(f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}/>'.encode())
    assert found[1:] == size


@pytest.mark.parametrize(
    "start",
    [
        "<svg ",
        "<svg>",
        "\ufeff<?xml version='1.0'?>\n<svg ",
        "<!-- made by hand -->\n<svg ",
        "<!DOCTYPE svg ",
        "<svg:svg ",
        "<?xml version='1.0'?><?xml-stylesheet?><!-- a --><!DOCTYPE svg ",
    ],
)
def test_an_svg_is_recognised(start: str) -> None:
    assert looks_like(start.encode())


@pytest.mark.parametrize(
    "start", ["<html><svg>", "<!DOCTYPE html><svg ", "text <svg ", "<svgx ", "", "<!-- <svg> -->"]
)
def test_what_merely_holds_an_svg_is_none(start: str) -> None:
    assert not looks_like(start.encode())


@pytest.mark.parametrize("part", [b"<!-- x -->", b"<?x ?>", b"<!-- --> ", b"<!--", b"<?", b" "])
def test_a_page_of_many_comments_is_looked_at_once(part: bytes) -> None:
    began = time.process_time()
    assert not looks_like(part * (8_000 // len(part)) + b"<html>")
    assert time.process_time() - began < 1


@pytest.mark.parametrize("part", ["/* ", "/*/", "url ", "url(#a ", "@", "behavior "])
def test_a_hostile_style_is_looked_at_once(part: str) -> None:
    began = time.process_time()
    clean(f"<style>{part * (300_000 // len(part))}</style>")
    assert time.process_time() - began < 3


@pytest.mark.parametrize("part", ["<g/>", "<!---->", "<g></g>"])
def test_more_elements_than_a_drawing_has_are_counted_before_they_are_read(part: str) -> None:
    began = time.process_time()
    with pytest.raises(Unclean):
        clean(part * 3_000_000)
    assert time.process_time() - began < 2
