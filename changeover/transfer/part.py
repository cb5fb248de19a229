"""Roots that part from the row they share with others, since they don't match it any more.

Which row a root leads to is remembered for good, but a row is shared only for as long as the matching values agree. Where a root
that others go after (the merge's first, or the first of a mapping's own) changes them, the row changes with it, and the others are
looked at again. Where one of the others differs, the first are asked: if their old database still says what the row says, the
root leaves. It takes along what it alone had written there, and is matched anew. So does a root that is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from changeover.binding import Bound
from changeover.ledger.rejects import Reject
from changeover.transfer import sql
from changeover.transfer.remove import forget, linked_to, sharing
from changeover.transfer.statements import parts, rows, run

Root = tuple[int, str]
"""A mapping's number, and an encoded key."""


class FirstAsked(Exception):
    """Roots of a chunk don't match the row they share. Undo the chunk, apply these roots, which the row is made of, and begin
    again: who leaves is decided by what the old databases say now, not by what somebody wrote into the row."""

    def __init__(self, first: list[Root]) -> None:
        super().__init__(f"{len(first)} roots")
        self.first = first


def drifted(bound: Bound) -> str | None:
    """Staged roots that don't match a row which they share with other roots, the row's id, and whether the others come first.

    None where no row can be shared.
    """
    names = bound.assigned.match if bound.assigned else ()
    alone = not bound.merged and (bound.assigned is None or bound.assigned.duplicates != "first")
    if not names or alone:
        return None
    key = bound.dialect.quote(bound.identity_columns[0])
    merged = ", ".join(str(number) for number, _ in (*bound.merged, (bound.id, ())))
    seniors = [guard for name in names if (guard := sql.senior(bound, bound.column(name)))]
    follows = sql.either([*seniors, f"NOT ({sql.speaks(bound)})"])
    return (
        f"SELECT s.k, i.target_id, CASE WHEN {follows} THEN 1 ELSE 0 END FROM {sql.stage(bound)} AS s {sql.linked(bound)} "
        f"{bound.dialect.then_join} {bound.dialect.table(bound.new.table)} AS t ON t.{key} = i.target_id "
        f"WHERE NOT COALESCE({sql.match(bound, names)}, FALSE) AND EXISTS (SELECT 1 FROM changeover_id_map z "
        f"WHERE z.target_id = i.target_id AND z.mapping_id + 0 IN ({merged}) "
        f"AND (z.mapping_id <> i.mapping_id OR z.root_key <> i.root_key))"
    )


@dataclass(frozen=True)
class Parted:
    """``followers`` share a row whose matching values are about to change; ``stuck`` can't leave theirs; ``left`` did."""

    followers: list[Root]
    stuck: list[Reject]
    left: list[str]


def part(connection: sa.Connection, bound: Bound, *, asked: bool) -> Parted:
    """Unlink the staged roots that must leave their rows.

    Raises: FirstAsked, unless the roots their rows are made of were ``asked`` just now.
    """
    query = drifted(bound)
    found = rows(connection, query) if query else []
    if not found:
        return Parted([], [], [])
    links = _links(connection, bound, {int(row_id) for _, row_id, _ in found})
    leaving = {key: int(row_id) for key, row_id, follows in found if follows}
    owners = {(bound.id, key) for key, _, follows in found if not follows}
    if leaving and not asked:
        raise FirstAsked(_first(bound, leaving, links))
    stuck = _leave(connection, bound, leaving, links)
    followers = {root for _, row_id, follows in found if not follows for root in links[int(row_id)]}
    left = leaving.keys() - {reject.root_key for reject in stuck}
    return Parted(sorted(followers - owners), stuck, sorted(left))


def unlink(connection: sa.Connection, bound: Bound, keys: Sequence[str]) -> None:
    """Unlink roots from the rows that they share with others, and that are not theirs."""
    leaving = {key: int(row_id) for key, row_id in linked_to(connection, bound, keys) if row_id is not None}
    _leave(connection, bound, leaving, _links(connection, bound, set(leaving.values())))


@dataclass(frozen=True)
class Departed:
    """``left`` are roots that share no row any more; ``followers`` have the rows that they left; ``stuck`` can't leave theirs."""

    left: set[str]
    followers: list[Root]
    stuck: list[Reject]


def depart(connection: sa.Connection, bound: Bound, gone: Sequence[str]) -> Departed:
    """Unlink roots that are gone from the rows that others have as well."""
    if bound.assigned is None or not bound.assigned.match:
        return Departed(set(), [], [])
    leaving = {key: int(row_id) for key, row_id in linked_to(connection, bound, gone) if row_id is not None}
    links = _links(connection, bound, set(leaving.values()))
    own = {(bound.id, key) for key in leaving}
    leaving = {key: row_id for key, row_id in leaving.items() if links[row_id] - own}
    stuck = _leave(connection, bound, leaving, links, why="its root is gone")
    left = leaving.keys() - {reject.root_key for reject in stuck}
    return Departed(set(left), sorted({root for key in left for root in links[leaving[key]]} - own), stuck)


def _links(connection: sa.Connection, bound: Bound, ids: set[int]) -> dict[int, set[Root]]:
    """All roots of each row."""
    found: dict[int, set[Root]] = {row_id: set() for row_id in ids}
    for number, key, row_id in sharing(connection, bound, sorted(ids)):
        found[row_id].add((number, key))
    return found


def _first(bound: Bound, leaving: dict[str, int], links: dict[int, set[Root]]) -> list[Root]:
    """The roots that the rows are made of: those of mappings that are asked first, and other roots of the same mapping."""
    seniors = {number for number, _ in bound.seniors} | {bound.id}
    return sorted(
        (number, key)
        for row_id in set(leaving.values())
        for number, key in links[row_id]
        if number in seniors and (number != bound.id or key not in leaving)
    )


def _leave(
    connection: sa.Connection,
    bound: Bound,
    leaving: dict[str, int],
    links: dict[int, set[Root]],
    why: str = "",
) -> list[Reject]:
    """Forget the roots' links, and empty the columns of their rows that no other root has. Those that can't be emptied stay."""
    columns = dict(bound.merged) | {bound.id: tuple(column.name for column in bound.columns)}
    groups: dict[tuple[str, ...], dict[str, int]] = {}
    for key, row_id in leaving.items():
        others = links[row_id] - {(bound.id, gone) for gone in leaving}
        kept = {name for number, _ in others for name in columns.get(number, ())}
        own = tuple(name for name in columns[bound.id] if name not in kept)
        groups.setdefault(own, {})[key] = row_id
    stuck: list[Reject] = []
    for names, group in groups.items():
        empty = {name: emptied(bound, name) for name in names}
        if bad := next((name for name, value in empty.items() if value is None), None):
            listed = ", ".join(bound.assigned.match if bound.assigned else ())
            why = why or f"its row has another ({listed}) now"
            reason = f"{why}, and {bad}, which it wrote into a row that others have too, can't be emptied"
            stuck += [Reject(key, bad, "conflict", reason) for key in group]
            continue
        forget(connection, bound, list(group))
        _empty(connection, bound, {name: str(value) for name, value in empty.items()}, list(group.values()))
    return stuck


def _empty(connection: sa.Connection, bound: Bound, values: dict[str, str], ids: Sequence[int]) -> None:
    if not values:
        return
    quote = bound.dialect.quote
    sets = ", ".join(f"{quote(name)} = {value}" for name, value in values.items())
    for some in parts(ids):
        listed = ", ".join(map(str, sorted(set(some))))
        table, key = bound.dialect.table(bound.new.table), quote(bound.identity_columns[0])
        run(connection, f"UPDATE {table} SET {sets} WHERE {key} IN ({listed})")


def emptied(bound: Bound, name: str) -> str | None:
    """What a column holds that nobody wrote, as a value of an UPDATE; None where there is no such thing."""
    column = bound.new.column(name)
    assert column is not None
    if not column.nullable and not column.has_default:
        return None
    if bound.dialect.family == "sqlite":
        return f"({column.default})" if column.has_default else "NULL"
    return "DEFAULT"
