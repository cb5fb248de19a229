"""The pictures behind the samples' URLs: real ones of each kind, always the same, some of them broken."""

from __future__ import annotations

import random
from collections import Counter
from urllib.parse import urlsplit

import pytest

from changeover.images.content import NotTaken, check
from changeover.images.image import Rules
from changeover.images.url import normal
from demo.old import images, pictures
from demo.old.sample import Sample

SAMPLE = Sample()


def paths() -> list[str]:
    rng = random.Random(1)
    texts = [images.product_image(SAMPLE, rng, number, view) for number in range(1_500) for view in (1, 2)]
    texts += [images.icon(SAMPLE, "icon", number) for number in range(100)]
    urls = dict.fromkeys(normal(text, f"{SAMPLE.image_host}/") for text in texts)
    return [urlsplit(url).path for url in urls]


def test_most_are_images_of_every_kind_and_some_are_broken_in_every_way() -> None:
    found: Counter[str] = Counter()
    for path in paths():
        given = pictures.answer(path)
        try:
            found[check(given.body, Rules()).kind if given.status == 200 else "gone"] += 1
        except NotTaken as refusal:
            found[refusal.reason] += 1
    assert set(found) == {"jpeg", "png", "webp", "gif", "svg", "gone", "no image", "broken"}
    assert 0.005 < (found["gone"] + found["no image"] + found["broken"]) / found.total() < 0.03


def test_no_two_paths_have_the_same_bytes() -> None:
    bodies = [
        given.body
        for path in paths()
        if (given := pictures.answer(path)).content_type != "text/html; charset=utf-8"
    ]
    assert len(set(bodies)) == len(bodies)


@pytest.mark.parametrize(
    "path", ["/product/07/000007_1.jpg", "/banner/1/11.png", "/a/%EC%83%81%ED%92%88%203_1.gif"]
)
def test_a_picture_is_the_same_each_time(path: str) -> None:
    first = pictures.answer(path)
    pictures._scene.cache_clear()
    assert pictures.answer(path) == first
