"""Columns of images: old URLs give way to keys, of as many images as are stored, and a wait is noted for each of the others.

The manifest is asked once a chunk and set, for all images that its rows name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import sqlalchemy as sa

from changeover.binding import Bound
from changeover.binding.bound import ImageColumn
from changeover.dialects import Block
from changeover.ledger import images as manifest
from changeover.ledger.image_waits import Wait
from changeover.ledger.rejects import VALUE_LIMIT, Reject
from changeover.mapping.forms import FORMS, Found, NoImages
from changeover.mapping.images import ImageSet, Reference
from changeover.transfer.unreadable import root_keys, unreadable
from changeover.types.written import MARK

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""What a JSON list may hold as an escape, and a database as no text."""


def put_keys(target: sa.Connection, bound: Bound, block: Block) -> tuple[Block, list[Reject], list[Wait]]:
    """The block with the images' columns added, without the rows whose text is not of its form, and those as rejects."""
    if not bound.images or not block.rows:
        return block, [], []
    try:
        return _put(target, bound, block)
    except UnicodeDecodeError:
        odd = unreadable(bound, block)
        placed, rejects, waits = _put(target, bound, block.without(odd))
        return placed, [*odd.values(), *rejects], waits


def _put(target: sa.Connection, bound: Bound, block: Block) -> tuple[Block, list[Reject], list[Wait]]:
    if not block.rows:
        return block, [], []
    keys = root_keys(bound, block)
    texts = block.columns([column.input for column in bound.images])
    taken = [ImageTexts(column, texts[place]) for place, column in enumerate(bound.images)]
    stored = {
        images.name: manifest.keys_of(
            target,
            bound.dialect,
            images.name,
            {d for one in taken if one.images is images for d in one.digests},
        )
        for images in {id(one.images): one.images for one in taken}.values()
    }
    bad: dict[int, Reject] = {}
    waits: list[Wait] = []
    added: list[list[str | None]] = []
    for one in taken:
        added.append(one.values(stored[one.images.name]))
        for row, reason in one.bad.items():
            bad.setdefault(
                row,
                Reject(keys[row], one.column.target, "value", reason, (one.texts[row] or "")[:VALUE_LIMIT]),
            )
        waits += one.waits(keys, stored[one.images.name])
    lost = {reject.root_key for reject in bad.values()}
    placed = block.with_columns(added).without(bad)
    return placed, list(bad.values()), [wait for wait in waits if wait.root_key not in lost]


class ImageTexts:
    """A column's texts, taken apart: what of each URL in them is an image, and which texts are not of the column's form."""

    def __init__(self, column: ImageColumn, texts: Sequence[str | None]) -> None:
        self.column, self.texts = column, texts
        self.images: ImageSet = column.image.images
        self.found: dict[int, Found] = {}
        self.bad: dict[int, str] = {}
        self.known: dict[str, Reference | None] = {}
        take = FORMS[column.image.form]
        for row, text in enumerate(texts):
            if text is None or text.startswith(MARK):
                continue
            try:
                found = take(text)
            except NoImages as error:
                self.bad[row] = str(error)
                continue
            if found.urls:
                self.found[row] = found
                for url in found.urls:
                    if url not in self.known:
                        self.known[url] = self.images.reference(url)

    @property
    def digests(self) -> set[str]:
        """Of all images that may be stored: also from where none may be fetched any more."""
        return {one.digest for one in self.known.values() if one is not None}

    def values(self, stored: dict[str, str]) -> list[str | None]:
        """The texts with keys in the places of URLs."""
        values = list(self.texts)
        new = {
            url: self.column.image.pointer(stored[one.digest])
            for url, one in self.known.items()
            if one is not None and one.digest in stored
        }
        for row, found in self.found.items():
            values[row] = found.put([new.get(url) for url in found.urls])
        return values

    def waits(self, keys: Sequence[str], stored: dict[str, str]) -> list[Wait]:
        """A note for each row and image that isn't stored."""
        noted: dict[tuple[str, str], Wait] = {}
        for row, found in self.found.items():
            for url in found.urls:
                one = self.known[url]
                if one is None or one.digest in stored:
                    continue
                noted[keys[row], one.digest] = Wait(
                    keys[row],
                    self.column.target,
                    one.digest,
                    self.images.name,
                    one.url,
                    _stored_as(url),
                    one.reason,
                )
        return list(noted.values())


def _stored_as(url: str) -> str:
    """A URL as a note may hold it: no more a URL that could be fetched than it was."""
    return _UNSTORABLE.sub("\1", url)
