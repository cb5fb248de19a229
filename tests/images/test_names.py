"""A key never means two images, and is one that every S3 takes."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.images.image import KINDS
from changeover.images.names import DIGEST, LONGEST, by_content, by_path
from changeover.images.url import Refusal, normal

DIGEST_OF_A = sha256(b"a").hexdigest()


def test_a_key_by_content_says_nothing_of_the_url() -> None:
    key = by_content("img/")
    assert key("http://a/1.jpg", DIGEST_OF_A, "jpeg") == f"img/ca/97/{DIGEST_OF_A}.jpg"
    assert key("http://b/2.png", DIGEST_OF_A, "jpeg") == f"img/ca/97/{DIGEST_OF_A}.jpg"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://h/product/07/000007_1.JPG?v=3", "product/07/000007_1"),
        ("http://h/product/%EC%83%81%ED%92%88%201.gif", "product/상품_1"),
        ("http://h/%E1%84%89%E1%85%A1%E1%86%BC.png", "상"),  # decomposed, as from a Mac
        ("http://h/%BB%F3.jpg", "_"),
        ("http://h/a.b.tar", "a.b.tar"),
        ("http://h/view.php?id=7", "view.php"),
        ("http://h/..%2f..%2fetc/passwd", "etc/passwd"),
        ("http://h/a%5cb%00c%0a.jpg", "a_b_c_"),
        ("http://h/a//b/", "a/b"),
        ("http://h/", "image"),
    ],
)
def test_a_key_by_path_is_what_people_read(url: str, shown: str) -> None:
    assert by_path("p/")(url, DIGEST_OF_A, "jpeg") == f"p/{shown}-{DIGEST_OF_A[:DIGEST]}.jpg"


@pytest.mark.parametrize("scheme", [by_content, by_path])
@pytest.mark.parametrize("prefix", ["/a", "a//b", "a/../b", "a\nb", "./a", "é" * 200])
def test_a_prefix_that_not_every_server_takes_is_refused(scheme: type, prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        scheme(prefix)


@given(
    st.text(st.characters(codec="utf-8"), max_size=2_000), st.binary(), st.binary(), st.sampled_from(KINDS)
)
def test_keys_are_safe_and_two_images_never_share_one(path: str, one: bytes, other: bytes, kind) -> None:
    try:
        url = normal(f"/{path}", "http://img.old.example/")
    except Refusal:
        return
    for scheme in (by_content("p/"), by_path("p/")):
        key = scheme(url, sha256(one).hexdigest(), kind)
        assert len(key.encode()) <= LONGEST
        assert key.startswith("p/")
        segments = key.split("/")
        assert not {"", ".", ".."} & set(segments)
        assert not any(ord(letter) < 32 for letter in key)
        assert (key == scheme(url, sha256(other).hexdigest(), kind)) == (one == other)
