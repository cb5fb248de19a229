"""URLs on the old image host, in the spellings that fifteen years of shop software leave in a column."""

from __future__ import annotations

import random

from demo.old.sample import Sample

SPELLINGS = (
    "{host}/product/{folder:02d}/{number:06d}_{view}.jpg",
    "{host}/product/{folder:02d}/{number:06d}_{view}.jpg",
    "{host}/product/{folder:02d}/{number:06d}_{view}.jpg?v=3",
    "{host}/product/{folder:02d}/{number:06d}_{view}.JPG",
    "/product/{folder:02d}/{number:06d}_{view}.png",
    "{host}/product/{folder:02d}/%EC%83%81%ED%92%88%20{number:06d}_{view}.gif",
)


def product_image(sample: Sample, rng: random.Random, number: int, view: int) -> str:
    """The URL of picture `view` of product `number`: absolute, or a path below the image host."""
    spelling = SPELLINGS[int(rng.random() * len(SPELLINGS))]
    return spelling.format(host=sample.image_host, folder=number % 50, number=number, view=view)


def icon(sample: Sample, folder: str, number: int) -> str:
    """The URL of a member's picture or of a banner."""
    return f"{sample.image_host}/{folder}/{number % 10:d}/{number}.png"
