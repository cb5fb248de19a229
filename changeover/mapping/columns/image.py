"""A column of images: old URLs, which become the keys of the objects that they were moved to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args
from urllib.parse import quote

import sqlalchemy as sa

from changeover.mapping.expressions import expression
from changeover.mapping.forms import Form
from changeover.mapping.given import is_a
from changeover.mapping.images import ImageSet

_IN_PATHS = "/!$&+;=:@~"
"""What keys keep in URLs: less than a path may hold, since quotes, brackets and commas end a URL in styles and in a ``srcset``."""


@dataclass(frozen=True, eq=False)
class Image:
    """The images that ``value`` names, which are of ``images``; each becomes ``url_prefix`` and its key."""

    value: sa.ColumnElement[Any]
    images: ImageSet
    form: Form = "url"
    url_prefix: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", expression("image()", self.value))
        if not is_a(self.images, ImageSet):
            raise TypeError(
                f"image(): images is {self.images!r}; expected an ImageSet, which says from where images may be fetched"
            )
        if self.form not in get_args(Form):
            raise TypeError(f"image(): form is {self.form!r}; expected 'url', 'json' or 'html'")
        if not is_a(self.url_prefix, str):
            raise TypeError(
                f"image(): url_prefix is {self.url_prefix!r}; expected the start of a URL, as text"
            )

    @property
    def written(self) -> str:
        """All of the declaration that decides what rows hold, once their images are stored."""
        images = self.images
        return f"{images.name}|{images.base}|{self.form}|{self.url_prefix}"

    def pointer(self, key: str) -> str:
        """What stands in a row for an object: its key, or its URL."""
        in_url = self.url_prefix or self.form == "html"
        return f"{self.url_prefix}{quote(key, safe=_IN_PATHS)}" if in_url else key


def image(
    value: sa.ColumnElement[Any], *, images: ImageSet, form: Form = "url", url_prefix: str = ""
) -> Image:
    """Move the images that ``value`` names, and give the column their new keys.

    ``image(product.img_url, images=PHOTOS)`` stores ``ab/cd/….jpg``; with ``url_prefix="https://cdn.example.com/"`` it stores that
    in front of each key.

    Parameters: ``form`` says how URLs stand in the column: ``url`` (one), ``json`` (a list of them) or ``html`` (in a text's tags).
    A URL whose image is not stored yet stays until it is, and its row is then applied again; one whose image was rejected stays,
    and is listed by ``changeover images rejects``. NULL stays NULL.
    """
    return Image(value, images, form, url_prefix)
