"""Rows that name images whose key has become another one: they hold the former key until they are applied again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa

from changeover.binding import Bound
from changeover.dialects import Block
from changeover.ledger import image_changes
from changeover.transfer.chunk import Selection
from changeover.transfer.image_values import ImageTexts
from changeover.transfer.reading import read
from changeover.transfer.unreadable import root_keys, unreadable


def reduced(bound: Bound, image_set: str) -> Bound | None:
    """The mapping without all but the key and the columns of one set's images; None where it has none."""
    columns = [one for one in bound.images if one.image.images.name == image_set]
    if not columns:
        return None
    fields = (bound.read_fields[0], *(bound.read_fields[one.input] for one in columns))
    placed = tuple(replace(one, input=place) for place, one in enumerate(columns, 1))
    stage = ("k", *(f"c{place}" for place in range(len(columns))))
    return replace(bound, read_fields=fields, images=placed, pythons=(), stage_columns=stage)


def image_texts(bound: Bound, whole: Block) -> tuple[Block, list[ImageTexts]]:
    """A block's image columns taken apart, and the block, without rows that are no text."""
    block = whole
    try:
        texts = block.columns([one.input for one in bound.images])
    except UnicodeDecodeError:
        block = whole.without(unreadable(bound, whole))
        texts = block.columns([one.input for one in bound.images])
    return block, [ImageTexts(one, column) for one, column in zip(bound.images, texts, strict=True)]


def naming_changed(
    target: sa.Connection, source: sa.Connection, bound: Bound, selection: Selection
) -> set[str]:
    """Those of the roots that name an image which is changed, as ``target`` sees the manifest."""
    found: set[str] = set()
    for name in {one.image.images.name for one in bound.images}:
        part = reduced(bound, name)
        if part is None or not image_changes.any_changed(target, [name]):
            continue
        block, texts = image_texts(part, read(source, part, selection)[0])
        changed = image_changes.changed(target, name, {d for one in texts for d in one.digests})
        if changed:
            found.update(_rows(root_keys(part, block), texts, changed))
    return found


def _rows(keys: Sequence[str], texts: Sequence[ImageTexts], changed: set[str]) -> set[str]:
    found: set[str] = set()
    for one in texts:
        urls = {url for url, known in one.known.items() if known is not None and known.digest in changed}
        found.update(keys[row] for row, text in one.found.items() if not urls.isdisjoint(text.urls))
    return found
