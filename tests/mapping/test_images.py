"""What a URL in a row means to a set of images."""

from __future__ import annotations

from pathlib import Path

import pytest

from changeover.errors import MappingError
from changeover.images.url import digest, normal
from changeover.mapping import ImageSet

SHOP = ImageSet("photos", hosts=("img.shop.example", "old.example"), base="https://img.shop.example/up/")

SPELLINGS = (
    "https://img.shop.example/up/a/b.jpg",
    "http://old.example/x.png",
    "a/b.jpg",
    "b.jpg",
    "/b.jpg",
    "//old.example/b.jpg",
    "https.jpg",
    "http/x.jpg",
    "a/../b.jpg",
    "a/./b.jpg",
    "a//b.jpg",
    "a/.b.jpg",
    "..jpg",
    "한글.jpg",
    "%ed%95%9c.jpg",
    "b.jpg?v=1",
    "b.jpg#x",
    "HTTPS://IMG.shop.example:443/up/b.jpg",
    "https://img.shop.example/up/",
    " b.jpg\n",
    "https://img.shop.example/up/b~c_d-e.JPG",
)


@pytest.mark.parametrize("text", SPELLINGS)
def test_a_url_is_known_by_its_normal_form_however_it_is_spelled(text: str) -> None:
    url = normal(text, SHOP.base)
    found = SHOP.reference(text)
    assert found is not None
    assert (found.url, found.digest) == (url, digest(url).hex())


@pytest.mark.parametrize(
    "text",
    [
        "ftp://old.example/x",
        "https://evil.example/x.png",
        "file:///etc/passwd",
        "javascript:x",
        "http://[::1",
    ],
)
def test_what_may_not_be_fetched_says_why_and_is_no_image(text: str) -> None:
    found = SHOP.reference(text)
    assert found is not None
    assert found.url is None
    assert found.reason
    assert text not in found.reason


def test_images_of_hosts_that_are_left_alone_are_none_of_the_set() -> None:
    images = ImageSet("p", hosts=("a.example",), leave=("cdn.example",))
    assert images.reference("https://cdn.example/x.png") is None
    found = images.reference("https://other.example/x.png")
    assert found is not None
    assert found.url is None


def test_only_what_lies_below_the_base_is_of_a_bucket_or_folder() -> None:
    images = ImageSet("p", folder=Path("/srv/images"), base="https://img.example/up/")
    inside, outside = images.reference("a.png"), images.reference("/a.png")
    assert inside is not None
    assert inside.url == "https://img.example/up/a.png"
    assert outside is not None
    assert outside.url is None
    sneaky = images.reference("../../etc/passwd")
    assert sneaky is not None
    assert sneaky.url is None


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"name": "a b", "hosts": "x.example"}, "a name of"),
        ({"name": "p"}, "one of hosts="),
        ({"name": "p", "hosts": "x.example", "bucket": "old"}, "one of hosts="),
        ({"name": "p", "bucket": "old"}, "base="),
        ({"name": "p", "hosts": "x.example", "base": "https://x.example/up"}, "end with a slash"),
        ({"name": "p", "hosts": "x.example", "base": "https://y.example/"}, "does not allow"),
        ({"name": "p", "hosts": "x.example", "base": "ftp://x.example/"}, "no URL"),
        ({"name": "p", "hosts": 5}, "names of hosts"),
    ],
)
def test_a_declaration_that_contradicts_itself_says_so(declared: dict[str, object], said: str) -> None:
    with pytest.raises(MappingError, match=said):
        ImageSet(**declared)  # pyright: ignore[reportArgumentType]
