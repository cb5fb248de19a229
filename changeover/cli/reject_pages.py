"""Open rejects, a page at a time, however many there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from changeover.ledger import rejects
from changeover.ledger.mappings import names
from changeover.ledger.rejects import RejectRow

PAGE = 1_000


def pages(
    connection: sa.Connection, mappings: Sequence[str], kind: str | None, *, limit: int | None = None
) -> Iterator[list[RejectRow]]:
    """The open rejects of some mappings, mapping by mapping, oldest first; at most ``limit`` in all."""
    left = limit
    for mapping in mappings:
        after = 0
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            page = rejects.open_rejects(
                connection, mapping_name=mapping, kind=kind, limit=size, after_id=after
            )
            if page:
                yield page
                after = page[-1].id
                left = None if left is None else left - len(page)
            if len(page) < size:
                break


def total(connection: sa.Connection, mappings: Sequence[str], kind: str | None) -> int:
    """How many rows of these mappings have open rejects."""
    numbers = [number for number, (name, _) in names(connection).items() if name in mappings]
    return sum(rejects.open_count(connection, number, kind=kind) for number in numbers)


def shape(found: RejectRow, *, values: bool) -> dict[str, Any]:
    """A reject for a program; the old value only when asked for."""
    shown: dict[str, Any] = {
        "id": found.id,
        "mapping": found.mapping,
        "root": found.root,
        "target": found.target,
        "key": found.root_key,
        "column": found.column,
        "kind": found.kind,
        "reason": found.reason,
    }
    if values:
        shown["value"] = found.value
    return shown | {
        "range_no": found.range_no,
        "attempts": found.attempts,
        "first_seen": found.first_seen,
        "last_seen": found.last_seen,
    }
