"""Assigned ids: every staged root gets its target's id from the id map, which remembers it for good.

A root is linked once, in the transaction that writes its row.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from changeover.binding import Bound
from changeover.dialects import TableName
from changeover.ledger.rejects import Reject
from changeover.transfer import sql
from changeover.transfer.id_pool import Ids
from changeover.transfer.part import Root, part
from changeover.transfer.statements import key_text, rows, run, scalar


@dataclass(frozen=True)
class Identified:
    """``stuck`` can't leave a row that they don't match any more; ``doubles`` are roots whose row belongs to another root of the
    mapping, where the mapping doesn't allow that; ``fresh``: every id is new, so that no target row can be there; ``followers``
    are roots, not in the stage, whose row a root of the stage took over or is about to change; ``left`` are roots
    of the stage that have another row now."""

    stuck: list[Reject]
    doubles: list[Reject]
    fresh: bool
    followers: list[Root]
    left: list[str]


def identify(
    connection: sa.Connection, bound: Bound, range_no: int | None, ids: Ids, *, asked: bool
) -> Identified:
    """Link every staged root to a target id. Raises FirstAsked, unless ``asked``."""
    parted = part(connection, bound, asked=asked)
    total = int(scalar(connection, f"SELECT COUNT(*) FROM {sql.stage(bound)} AS s"))
    linked = _link_matches(connection, bound, range_no)
    fresh = _assign(connection, bound, range_no, ids)
    if range_no is not None and not bound.key.is_number:
        run(connection, _adopt_range(bound, range_no))
    doubles = _doubles(connection, bound)
    followers = parted.followers
    if linked and not doubles:
        followers += [(bound.id, key) for key in _overtaken(connection, bound)]
    return Identified(parted.stuck, doubles, fresh == total and not linked, followers, parted.left)


def _unlinked(bound: Bound) -> str:
    return f"{sql.stage(bound)} AS s {sql.linked(bound, outer=True)}"


def _no(range_no: int | None) -> str:
    return "NULL" if range_no is None else str(int(range_no))


def _link_matches(connection: sa.Connection, bound: Bound, range_no: int | None) -> int:
    """Link unknown roots to rows that are there already and match. Returns how many."""
    names = bound.assigned.match if bound.assigned else ()
    if not names:
        return 0
    key = bound.dialect.quote(bound.identity_columns[0])
    return run(
        connection,
        "INSERT INTO changeover_id_map (mapping_id, root_key, root_number, range_no, target_id) "
        f"SELECT {bound.id}, s.k, {sql.number(bound)}, {_no(range_no)}, t.{key} FROM {_unlinked(bound)} "
        f"JOIN {bound.dialect.table(bound.new.table)} AS t ON {sql.match(bound, names)} WHERE i.root_key IS NULL",
    )


def _assign(connection: sa.Connection, bound: Bound, range_no: int | None, ids: Ids) -> int:
    names = bound.assigned.match if bound.assigned else ()
    order = sql.number(bound) if bound.key.is_number else "s.k"
    if names:
        values = sql.comparables(bound, names)
        # NULL matches nothing, and is no rank to share.
        alone = f"CASE WHEN {' OR '.join(f'{value} IS NULL' for value in values)} THEN s.k END"
        place = f"DENSE_RANK() OVER (ORDER BY {', '.join(values)}, {alone})"
    else:
        place = f"ROW_NUMBER() OVER (ORDER BY {order})"
    numbered = f"SELECT s.k AS k, {place} AS place FROM {_unlinked(bound)} WHERE i.root_key IS NULL"
    needed = int(scalar(connection, f"SELECT COALESCE(MAX(n.place), 0) FROM ({numbered}) AS n"))
    if not needed:
        return 0
    start = 0
    cases: list[str] = []
    for block in ids.take(needed):
        place_in = f"(n.place - {start + 1})" + (f" * {block.step}" if block.step > 1 else "")
        cases.append(f"WHEN n.place <= {start + len(block)} THEN {block.start} + {place_in}")
        start += len(block)
    return run(
        connection,
        "INSERT INTO changeover_id_map (mapping_id, root_key, root_number, range_no, target_id) "
        f"SELECT {bound.id}, n.k, {sql.number(bound, 'n.k')}, {_no(range_no)}, CASE {' '.join(cases)} END FROM ({numbered}) AS n",
    )


def _adopt_range(bound: Bound, range_no: int) -> str:
    """Roots that came without a range (by live sync) belong to this one now. Only keys that are no number need it."""
    return bound.dialect.update(
        TableName("changeover_id_map"),
        [("range_no", str(int(range_no)))],
        f"{sql.stage(bound)} AS s",
        f"t.mapping_id = {bound.dialect.constant_after(bound.id, 's.k')} AND t.root_key = s.k",
        f"t.range_no IS NULL OR t.range_no <> {int(range_no)}",
    )


def _overtaken(connection: sa.Connection, bound: Bound) -> list[str]:
    """Roots outside of the stage that were moved before a root with a lower key, which is the one their row is made of."""
    if not _one_root_a_row(bound):
        return []
    found = rows(
        connection,
        f"SELECT DISTINCT z.root_key FROM {sql.stage(bound)} AS s {sql.linked(bound)} "
        f"{bound.dialect.then_join} changeover_id_map AS z ON {sql.twin(bound, '>')}",
    )
    return [row[0] for row in found]


def _one_root_a_row(bound: Bound) -> bool:
    return bound.assigned is not None and bool(bound.assigned.match) and bound.assigned.duplicates != "first"


def _doubles(connection: sa.Connection, bound: Bound) -> list[Reject]:
    """Of several roots of this mapping that match one row, all but the one with the lowest key, in any order of arrival."""
    if bound.assigned is None or not _one_root_a_row(bound):
        return []
    found = rows(
        connection,
        f"SELECT s.k, MIN(z.root_key) FROM {sql.stage(bound)} AS s {sql.linked(bound)} "
        f"{bound.dialect.then_join} changeover_id_map AS z ON {sql.twin(bound, '<')} GROUP BY s.k",
    )
    names = ", ".join(bound.assigned.match)
    return [
        Reject(
            key,
            bound.assigned.match[0],
            "conflict",
            f"root {key_text(other)} and root {key} are one row by ({names}); the first was moved",
            rival=key_text(other),
        )
        for key, other in found
    ]
