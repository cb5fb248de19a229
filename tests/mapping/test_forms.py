"""How URLs are found in values, and what else of a value changes: nothing."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from changeover.mapping.forms import FORMS, NoImages

HTML = FORMS["html"]


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("<img src='a.png'>", ["a.png"]),
        ('<IMG class=x SRC="a.png?x=1&amp;y=2"/>', ["a.png?x=1&y=2"]),
        (
            "<img src='a?x&section=2&copy=3&param=4&lt=5&amp=6&nosuch;&reg'>",
            ["a?x&section=2&copy=3&param=4&lt=5&amp=6&nosuch;®"],
        ),
        ("<img src=a.php?x=1&region=2&copy&#46png>", ["a.php?x=1&region=2©.png"]),
        ("<img src=a.png alt='src=b.png'>", ["a.png"]),
        ('<img alt="a > b" src="a.png">', ["a.png"]),
        ("<img data-src='a.png' src='data:image/gif;base64,R0'>", ["a.png"]),
        ("<img srcset='a.png 1x, b.png 2x,c.png'>", ["a.png", "b.png", "c.png"]),
        ("<picture><source srcset='a.webp'><img src='a.jpg'></picture>", ["a.webp", "a.jpg"]),
        ("<video poster=p.jpg src=film.mp4>", ["p.jpg"]),
        ("<td background='bg.gif'>", ["bg.gif"]),
        ("<div style=\"color:red;background:url('b.png')\">", ["b.png"]),
        ("<div style='background:url(&quot;b.png&quot;)'>", ["b.png"]),
        ("<a href='large.JPG'><img src='s.jpg'></a><a href='page.html'>", ["large.JPG", "s.jpg"]),
        ("<a href='/x?img=a.jpg'>", ["/x?img=a.jpg"]),
        ("<!-- <img src=a.png> --><script>'<img src=b.png>'</script><style>a{}</style>", []),
        ("a < b and <img> and <imgsrc='x.png'>", []),
        ("<img src=''><img src>", []),
        ("<p>&lt;img src='a.png'&gt;</p>", []),
        ('<img src="\n& words <img src="http://h/x.png">', []),
        ('<img srcset="a.png 1x, <b> 2x">', ["a.png"]),
        ("<img src='unfinished.png", ["unfinished.png"]),
    ],
)
def test_images_are_found_in_tags_as_browsers_find_them(text: str, urls: list[str]) -> None:
    found = HTML(text)
    if text.endswith("unfinished.png"):
        assert list(found.urls) in ([], urls)  # a tag that never ends shows nothing
    else:
        assert list(found.urls) == urls
    assert found.put([None] * len(found.urls)) == text


def test_only_what_is_replaced_changes() -> None:
    text = "<p>é&eacute;<img src='a.png'   alt=x><br/>\r\n<img srcset='a.png 1x, b.png 2x' src=\"b.png\"></p>"
    found = HTML(text)
    new = ["n/1" if url == "a.png" else None for url in found.urls]
    assert found.put(new) == text.replace("a.png", "n/1")


def test_a_new_url_cannot_leave_its_attribute() -> None:
    found = HTML("<img src='a.png'><img src=\"b.png\">")
    assert found.put(["x'><script>", 'y"&']) == (
        "<img src='x&#x27;&gt;&lt;script&gt;'><img src=\"y&quot;&amp;\">"
    )


@pytest.mark.parametrize(
    "part",
    ["<img ", "<img src='", '<img "', "<a href=", "<!--", "<script>", "<div style='url(", "<img srcset='a,"],
)
def test_hostile_text_takes_no_longer_than_its_length(part: str) -> None:
    began = time.process_time()
    HTML(part * (300_000 // len(part)))
    assert time.process_time() - began < 3


@pytest.mark.parametrize(
    "start", ["<img ", "<img srcset='", "<img a=", "<p style='url(", "<p style='url(a&#"]
)
@pytest.mark.parametrize("part", ["a", ",", " ", "=", "0", "a ", "'a"])
def test_a_hostile_attribute_takes_no_longer_than_its_length(start: str, part: str) -> None:
    began = time.process_time()
    HTML(start + part * (200_000 // len(part)))
    HTML(f"{start}{part * (200_000 // len(part))}'>")
    assert time.process_time() - began < 3


def test_a_long_tag_takes_little_memory() -> None:
    text = f"<p {'b c ' * 500_000}>"
    tracemalloc.start()
    try:
        HTML(text)
        assert tracemalloc.get_traced_memory()[1] < len(text)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ('<img alt="a > b" src=a.png/>', ("a.png/",)),
        ("<img/src=a.png/alt>", ("a.png/alt",)),
        ("<img src='a.png'alt=x><img src=b.png>", ("a.png", "b.png")),
        ("<img alt= src=a.png>", ()),
        ('<img " src=a.png>', ("a.png",)),
        ("<img src = a.png><img src= ><img src><img SRC\n=\t'b.png'>", ("a.png", "b.png")),
        ("<img src='a.png", ()),
        ("<img srcset='a,b.png 1x, , c.png,d.png 2x,e.png,'>", ("a,b.png", "c.png,d.png", "e.png")),
    ],
)
def test_attributes_are_read_as_browsers_do(text: str, urls: tuple[str, ...]) -> None:
    assert HTML(text).urls == urls


@pytest.mark.parametrize("text", ["", "  ", "null", "[]", '["", null]'])
def test_a_list_without_images_stays_as_it_is(text: str) -> None:
    found = FORMS["json"](text)
    assert (found.urls, found.put([])) == ((), text)


def test_of_a_list_only_urls_that_are_replaced_change() -> None:
    found = FORMS["json"]('["a.png" , "","한.png",null]')
    assert found.urls == ("a.png", "한.png")
    assert found.put([None, None]) == '["a.png" , "","한.png",null]'
    assert found.put([None, "n"]) == '["a.png" , "","n",null]'


def test_what_a_list_holds_beside_stays_to_the_byte() -> None:
    text = '\n[ "a\\/b.png",null, "c\\ud800.png" ,"\\"","d\\u002epng","a\\/b.png"]'
    found = FORMS["json"](text)
    assert found.urls == ("a/b.png", "c\ud800.png", '"', "d.png", "a/b.png")
    assert found.put(["1", None, None, '2"', "3"]) == ('\n[ "1",null, "c\\ud800.png" ,"\\"","2\\"","3"]')


@pytest.mark.parametrize("text", ["{", '{"a": 1}', "[1]", '"a.png"', "[[]]", "[" * 100_000])
def test_what_is_no_list_of_urls_says_so_without_its_text(text: str) -> None:
    with pytest.raises(NoImages) as raised:
        FORMS["json"](text)
    assert "a.png" not in str(raised.value)
