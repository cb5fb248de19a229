"""One place has one URL, and a URL has one reading."""

from __future__ import annotations

import ipaddress
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.images.url import Refusal, digest, normal

BASE = "http://img.old.example/shop/list.php?page=2"
SAME = {
    "http://img.old.example/a.jpg": [
        "HTTP://IMG.OLD.EXAMPLE/a.jpg",
        "http://img.old.example:80/a.jpg",
        "http://img.old.example:/a.jpg",
        "http://img.old.example./a.jpg",
        "http://img.old.example/a.jpg#top",
        "  http://img.old.example/a.jpg\r\n",
        "http://img.old.\nexample/a.jpg",
        "http:\\\\img.old.example\\a.jpg",
        "http:///img.old.example/a.jpg",
        "//img.old.example/a.jpg",
        "/a.jpg",
        "../a.jpg",
        "./../a.jpg",
        "/b/../a.jpg",
        "/b/%2e%2e/a.jpg",
        "/%61.jpg",
        "http://ＩＭＧ．ｏｌｄ．ｅｘａｍｐｌｅ/a.jpg",
        "http://img%2eold%2eexample/a.jpg",
    ],
    "http://img.old.example/%EC%83%81%ED%92%88%201.jpg": [
        "/상품 1.jpg",
        "/%ec%83%81%ed%92%88%201.jpg",
        "/상품%201.jpg",
        "/%EC%83%81품 1.jpg",
    ],
    "http://img.old.example/a.jpg?v=3&n=%EC%83%81": ["/a.jpg?v=3&n=상", "/a.jpg?v=3&n=%ec%83%81#x"],
    "http://img.old.example/shop/a.jpg": ["a.jpg", "./a.jpg"],
    "http://img.old.example/100%25.jpg": ["/100%.jpg", "/100%25.jpg"],
    "https://xn--3e0b707e.example/": ["https://한국.example", "https://xn--3e0b707e.example:443/"],
}


@pytest.mark.parametrize(("url", "text"), [(url, text) for url, texts in SAME.items() for text in texts])
def test_spellings_of_one_place_are_one_url(url: str, text: str) -> None:
    assert normal(text, BASE) == url


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/a.jpg", "/A.jpg"),
        ("/a.jpg", "/a.jpg?v=3"),
        ("/a/b.jpg", "/a%2fb.jpg"),
        ("/a.jpg?x=1&y=2", "/a.jpg?x=1%26y=2"),
        ("http://img.old.example/a", "https://img.old.example/a"),
        ("http://img.old.example/a", "http://img.old.example:8080/a"),
        ("//a.example//b", "//a.example/b"),
    ],
)
def test_different_places_stay_different(one: str, other: str) -> None:
    assert normal(one, BASE) != normal(other, BASE)
    assert digest(normal(one, BASE)) != digest(normal(other, BASE))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \t\r\n\u3000", "empty"),
        ("file:///etc/passwd", "http"),
        ("FILE:///etc/passwd", "http"),
        ("ftp://img.old.example/a", "http"),
        ("gopher://127.0.0.1:6379/_x", "http"),
        ("data:image/png;base64,AAAA", "http"),
        ("javascript:alert(1)", "http"),
        ("jar:http://img.old.example!/a", "http"),
        ("http://img.old.example@evil.example/a", "user"),
        ("http://user:pass@img.old.example/a", "user"),
        ("http://img.old.example:80@127.0.0.1/", "user"),
        ("http://img.old.example%40evil.example/", "name"),
        ("http://img.old.example%2fevil.example/", "name"),
        ("http://img.old.example%23.evil.example/", "name"),
        ("http://[fe80::1%25eth0]/", "zone"),
        ("http://[fe80::1%eth0]/", "zone"),
        ("http://[::1/", "read"),
        ("http://[::1]x/", "read"),
        ("http://1.2.3.4.5/", "IPv4"),
        ("http://127.0.0.256/", "IPv4"),
        ("http://0x1ffffffff/", "IPv4"),
        ("http://127.0.0.09/", "IPv4"),
        ("http://img..example/", "name"),
        ("http://img.example../", "name"),
        ("http://-img.example/", "name"),
        ("http://img .example/", "name"),
        ("http://img.example:0/", "port"),
        ("http://img.example:65536/", "port"),
        ("http://img.example:8o/", "port"),
        ("http://img.example:80:80/", "port"),
        ("http://img.old.example/\x00a", "control"),
        ("http://img.old.example/\ud800", "half a character"),
        ("http://", "host"),
        ("/" + "a" * 5_000, "longer"),
    ],
)
def test_what_is_no_url_of_an_image_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(Refusal, match=reason):
        normal(text, BASE)


def test_a_refusal_does_not_repeat_the_text() -> None:
    with pytest.raises(Refusal) as refused:
        normal("http://user:hunter2@img.old.example/")
    assert "hunter2" not in str(refused.value)


def test_a_relative_url_without_a_base_is_refused() -> None:
    with pytest.raises(Refusal, match="base"):
        normal("/a.jpg")


def spellings(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> st.SearchStrategy[str]:
    """An IPv4 address in the ways that `inet_aton` and browsers take."""
    value = int(address)

    def number(n: int) -> st.SearchStrategy[str]:
        return st.sampled_from([str(n), f"0{n:o}", f"00{n:o}", f"0x{n:x}", f"0X{n:X}"])

    def parts(count: int) -> st.SearchStrategy[str]:
        first = [value >> (24 - 8 * place) & 0xFF for place in range(count - 1)]
        last = value & (256 ** (5 - count) - 1)
        return st.tuples(*map(number, [*first, last])).map(".".join)

    wide = str.maketrans("0123456789.", "０１２３４５６７８９．")
    plain = st.one_of(*(parts(count) for count in (1, 2, 3, 4)))
    return st.one_of(plain, plain.map(lambda text: text + "."), st.just(str(address).translate(wide)))


@given(st.ip_addresses(v=4).flatmap(lambda a: st.tuples(st.just(a), spellings(a))))
def test_an_ipv4_address_is_one_however_it_is_spelled(spelled: tuple[ipaddress.IPv4Address, str]) -> None:
    address, text = spelled
    assert normal(f"http://{text}/a") == f"http://{address}/a"


@given(st.ip_addresses(v=6))
def test_an_ipv6_address_is_one_however_it_is_spelled(address: ipaddress.IPv6Address) -> None:
    expected = f"http://[{address.compressed}]/"
    assert normal(f"http://[{address.exploded}]") == expected
    assert normal(f"http://[{address.exploded.upper()}]:80/") == expected


texts = st.text(st.characters(codec="utf-8"), max_size=40)
troublesome = st.text(alphabet="/\\?#@:[]%.htp0x1a:상 \t&;=+", max_size=30)


@given(st.one_of(texts, troublesome, st.builds("http://{}/{}".format, troublesome, troublesome)))
def test_the_normal_form_is_its_own_normal_form(text: str) -> None:
    try:
        url = normal(text, BASE)
    except Refusal:
        return
    assert normal(url) == url
    assert normal(url, "https://elsewhere.example/x/y") == url
    assert url.isascii()
    assert not set(url) & set(' \t\r\n<>"')


@given(troublesome)
def test_no_tail_moves_a_url_to_another_host(tail: str) -> None:
    """What follows the host's slash never changes the host."""
    try:
        url = normal(f"http://img.old.example/{tail}")
    except Refusal:
        return
    assert urlsplit(url).netloc == "img.old.example"


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="/\\?#%", exclude_categories=["Cc"]), min_size=1)
)
def test_raw_and_percent_encoded_names_are_one(name: str) -> None:
    if name in (".", "..") or len(name) > 300:
        return
    raw = normal(f"http://h.example/p/{name}/x")
    encoded = quote(name, safe="/:@!$&'()*+,;=[]|^")
    assert raw == normal(f"http://h.example/p/{encoded}/x")
