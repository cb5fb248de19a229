"""Columns that are staged beside what was read: made by functions, and by the manifest of images."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from changeover.binding import Bound
from changeover.dialects import Block
from changeover.ledger.image_waits import Wait
from changeover.ledger.rejects import Reject
from changeover.transfer.functions import compute
from changeover.transfer.image_values import put_keys


@dataclass(frozen=True)
class Late:
    """The block with all its columns, without the rows that can't have them, which are rejects; and the images that the others wait
    for."""

    block: Block
    rejects: list[Reject]
    waits: list[Wait]


def late(target: sa.Connection, bound: Bound, block: Block) -> Late:
    """What is staged of a block. ``target`` is asked which images are stored, as its transaction sees them."""
    computed, refused = compute(bound, block)
    placed, misformed, waits = put_keys(target, bound, computed)
    return Late(placed, [*refused, *misformed], waits)
