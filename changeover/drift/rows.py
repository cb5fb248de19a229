"""Comparing rows by value, and telling drift from changes under way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from changeover.binding import Bound, Move
from changeover.dialects import BlockTooLarge
from changeover.drift.pending import Outbox
from changeover.ledger import image_waits
from changeover.ledger.tables import reject
from changeover.project import Project
from changeover.transfer.chunk import Keys, Selection
from changeover.transfer.differing import Differing, compared
from changeover.transfer.image_changes import naming_changed
from changeover.transfer.looking import looking
from changeover.transfer.statements import parts


@dataclass(frozen=True)
class Looked:
    """Rows compared for one mapping. ``old`` are those that there should be, ``rejected`` and ``hot`` ones among them."""

    old: int
    rejected: int
    bytes: int
    drifted: tuple[Differing, ...]
    hot: tuple[str, ...]


def halved(work: Callable[[Keys], Looked], keys: Sequence[str]) -> Iterator[Looked]:
    """What ``work`` finds of roots by their keys: of all at once, or of fewer where the old server can't send so many.

    Raises: BlockTooLarge for a single one.
    """
    if not keys:
        return
    try:
        found = work(Keys(tuple(keys)))
    except BlockTooLarge:
        if len(keys) == 1:
            raise
        yield from halved(work, keys[: len(keys) // 2])
        yield from halved(work, keys[len(keys) // 2 :])
    else:
        yield found


def look(project: Project, move: Move, bound: Bound, outbox: Outbox, selection: Selection) -> Looked:
    """Compare some roots of a mapping with their target rows, in one span of the lock.

    A row that waits for an image which has been stored meanwhile, or names one whose key became another one, is to be applied
    again: it is under way, too. Its note and the manifest are read as the target is, as they were at one moment, and both stand
    beside the row as long as it isn't right.
    """
    engine = project.old[move.database].engine
    with (
        looking(project, move.targets) as target,
        engine.connect().execution_options(isolation_level="AUTOCOMMIT") as source,
    ):
        found = compared(target, source, bound, selection, columns=True)
        if not found.rows:
            return Looked(found.old, found.rejected, found.bytes, (), ())
        differing = [row.key for row in found.rows]
        arrived = set[str]()
        if bound.images:
            arrived |= image_waits.arrived(target, bound.id, differing)
            for part in parts(differing):
                arrived |= naming_changed(target, source, bound, Keys(tuple(part)))
        held = _rejected(target, bound, [row.key for row in found.rows if row.kind == "extra"])
        pending = outbox.pending()  # last, and with the lock still held
    rows = [row for row in found.rows if row.key not in held]
    return Looked(
        found.old,
        found.rejected + len(held),
        found.bytes,
        tuple(row for row in rows if row.key not in pending and row.key not in arrived),
        tuple(row.key for row in rows if row.key in pending or row.key in arrived),
    )


def _rejected(target: sa.Connection, bound: Bound, keys: Sequence[str]) -> set[str]:
    """Those of the roots, which are gone, whose row is known to have to stay."""
    held: set[str] = set()
    for part in parts(keys):
        statement = sa.select(reject.c.root_key).where(
            reject.c.mapping_id == bound.id,
            reject.c.root_key.in_(part),
            reject.c.kind.in_(("referenced", "conflict")),
        )
        held.update(target.execute(statement).scalars())
    return held
