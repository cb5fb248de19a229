"""Rows with texts that the new database can't hold in any column: bytes that are no UTF-8, and U+0000 in PostgreSQL."""

from __future__ import annotations

import sqlalchemy as sa

from changeover.binding import Bound
from changeover.dialects import Block, UnstageableText
from changeover.dialects.block import decode, unescape
from changeover.keyset.spelling import spell
from changeover.ledger.rejects import VALUE_LIMIT, Reject


def bad_text(connection: sa.Connection, bound: Bound, block: Block) -> tuple[Block, list[Reject]]:
    """Stage the block, without the rows whose text the new database can't hold in any column."""
    try:
        bound.dialect.stage(connection, bound.stage, bound.stage_columns, block)
        return block, []
    except UnstageableText as error:
        lines = block.lines()
        bad = {
            place: Reject(root_key(bound, lines[place]), "", "value", reason)
            for place, reason in error.rows.items()
        }
        bad.update(unreadable(bound, block))
        if not bad:
            raise
        left = block.without(bad)
        bound.dialect.stage(connection, bound.stage, bound.stage_columns, left)
        return left, list(bad.values())


def unreadable(bound: Bound, block: Block) -> dict[int, Reject]:
    """The rejects of rows that can't be staged, by the rows' places."""
    found = ((place, _unreadable(bound, line)) for place, line in enumerate(block.lines()))
    return {place: reject for place, reject in found if reject}


def root_keys(bound: Bound, block: Block) -> list[str]:
    """The keys of a block's rows, as the ledger holds them."""
    return [root_key(bound, line) for line in block.lines()]


def root_key(bound: Bound, line: bytes) -> str:
    """The key of a row, as the ledger holds it."""
    return spell(unescape(line.split(b"\t", 1)[0]), nul=_lacks_nul(bound))


def _lacks_nul(bound: Bound) -> bool:
    return bound.dialect.family == "postgresql"


def _unreadable(bound: Bound, line: bytes) -> Reject | None:
    for place, field in enumerate(line.split(b"\t")):
        try:
            text = decode(field)
        except UnicodeDecodeError:
            why, shown = "it is not valid UTF-8", unescape(field).decode(errors="backslashreplace")
        else:
            if not text or "\0" not in text or not _lacks_nul(bound):
                continue
            why, shown = "it holds U+0000, which PostgreSQL can't store", text
        return Reject(root_key(bound, line), bound.made_of(place), "value", why, shown[:VALUE_LIMIT])
    return None
