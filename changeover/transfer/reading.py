"""Reading roots as they are now: a selection in one block, and only if the old database can't compute some row of it, halves.

An expression of a mapping may fail for one row (a text that is no number, a division by zero), and the statement with it. The keys
are then read without the expressions, and the rows by their keys, until those to blame are alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy import exc

from changeover.binding import Bound
from changeover.dialects import Block, of
from changeover.errors import MappingError, TooManyRejects
from changeover.keyset.key import Key
from changeover.ledger.rejects import Reject
from changeover.transfer.chunk import Keys, Selection
from changeover.transfer.statements import parts
from changeover.transfer.unreadable import root_keys

MOST = 100
"""Rows of a chunk that the old database may fail at. Each costs about twenty statements while the table lock is held, and where
there are more of them it is the expression that is wrong."""


def read(source: sa.Connection, bound: Bound, selection: Selection) -> tuple[Block, list[Reject]]:
    """The selection's rows as they are now, in one block, and those that the old database can't compute.

    Raises: MappingError when a join gives a root several rows; TooManyRejects when it can't compute more than `MOST` rows.
    """
    try:
        return _block(source, bound, selection), []
    except exc.DBAPIError as error:
        if of(source).trouble(error) != "row":
            raise
    found = _Found()
    for part in parts(_keys(source, bound, selection)):
        _halve(source, bound, part, found)
    blocks = [block for block in found.blocks if block.rows]
    return Block(b"\n".join(b.data for b in blocks), sum(b.rows for b in blocks)), found.rejects


def present(source: sa.Connection, bound: Bound, keys: Sequence[str]) -> set[str]:
    """Those of the roots that the old database has a (wanted) row for, or can't say of whether it has."""
    if not keys:
        return set()
    statement = bound.select(where(source, bound.key, bound, Keys(tuple(keys))))
    key = bound.key.encoded(bound.mapping.root).label("k")
    try:
        return set(root_keys(bound, of(source).read(source, statement.with_only_columns(key))))
    except exc.DBAPIError as error:
        if of(source).trouble(error) != "row":
            raise
        if len(keys) == 1:
            return set(keys)
    middle = len(keys) // 2
    return present(source, bound, keys[:middle]) | present(source, bound, keys[middle:])


def absent(source: sa.Connection, bound: Bound, keys: Sequence[str]) -> list[str]:
    """Those of the roots that the old database certainly has no (wanted) row for."""
    there = {key for part in parts(keys) for key in present(source, bound, part)}
    return [key for key in keys if key not in there]


def where(source: sa.Connection, key: Key, bound: Bound, selection: Selection) -> sa.ColumnElement[bool]:
    """The selection as a condition on the root's key, in the old database's own order."""
    root = bound.mapping.root
    if isinstance(selection, Keys):
        return key.is_one_of(root, [key.decode(encoded) for encoded in selection.encoded])
    dialect, columns = of(source), key.of(root)
    upto = dialect.upto(columns, key.literals(selection.upper))
    return (
        upto
        if selection.lower is None
        else sa.and_(dialect.after(columns, key.literals(selection.lower)), upto)
    )


def _block(source: sa.Connection, bound: Bound, selection: Selection) -> Block:
    block = of(source).read(source, bound.select(where(source, bound.key, bound, selection)))
    if bound.mapping.joins and block.rows:
        keys = [line.split(b"\t", 1)[0] for line in block.lines()]
        if len(set(keys)) != len(keys):
            raise MappingError(
                f"mapping {bound.mapping.name}: a join gives some root of {bound.mapping.root_name} "
                "several rows; join on a unique key, or "
                "take one value with a scalar subquery"
            )
    return block


@dataclass
class _Found:
    blocks: list[Block] = field(default_factory=list[Block])
    rejects: list[Reject] = field(default_factory=list[Reject])


def _keys(source: sa.Connection, bound: Bound, selection: Selection) -> list[str]:
    """The selection's keys, without any expression of the mapping: its condition and its joins may be what fails."""
    if isinstance(selection, Keys):
        return list(selection.encoded)
    root = bound.mapping.root
    statement = sa.select(bound.key.encoded(root).label("k")).select_from(root.from_)
    statement = statement.where(where(source, bound.key, bound, selection))
    return root_keys(bound, of(source).read(source, statement))


def _halve(source: sa.Connection, bound: Bound, keys: Sequence[str], found: _Found) -> None:
    try:
        found.blocks.append(_block(source, bound, Keys(tuple(keys))))
        return
    except exc.DBAPIError as error:
        if of(source).trouble(error) != "row":
            raise
        if len(keys) == 1:
            found.rejects.append(_reject(source, bound, keys[0], error))
            _limit(bound, found)
            return
    middle = len(keys) // 2
    _halve(source, bound, keys[:middle], found)
    _halve(source, bound, keys[middle:], found)


def _limit(bound: Bound, found: _Found) -> None:
    if len(found.rejects) > MOST:
        columns = ", ".join(sorted({reject.column for reject in found.rejects if reject.column})) or "where="
        raise TooManyRejects(
            f"mapping {bound.mapping.name}: the old database can't compute {columns} for more than {MOST} rows of a chunk; "
            "say in the mapping what becomes of values that the expression has no meaning for"
        )


def _reject(source: sa.Connection, bound: Bound, key: str, error: exc.DBAPIError) -> Reject:
    column = _column(source, bound, key, list(range(1, len(bound.read_fields))))
    reason = (
        f"the old database can't compute it: {of(source).explain(error)}; say in mapping {bound.mapping.name} "
        "what becomes of such a value, or mend the row"
    )
    return Reject(key, column, "value", reason)


def _column(source: sa.Connection, bound: Bound, key: str, places: Sequence[int]) -> str:
    """The target column whose expression fails, of the fields at these places; nothing where it is the condition or a join."""
    if not _fails(source, bound, key, places):
        return ""
    if len(places) == 1:
        return bound.made_of(places[0])
    middle = len(places) // 2
    first = _column(source, bound, key, places[:middle])
    return first or _column(source, bound, key, places[middle:])


def _fails(source: sa.Connection, bound: Bound, key: str, places: Sequence[int]) -> bool:
    if not places:
        return False
    statement = bound.select(where(source, bound.key, bound, Keys((key,))))
    fields = [bound.read_fields[place].label(f"f{place}") for place in places]
    try:
        of(source).read(source, statement.with_only_columns(*fields))
    except exc.DBAPIError as error:
        if of(source).trouble(error) != "row":
            raise
        return True
    return False
