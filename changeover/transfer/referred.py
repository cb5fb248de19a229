"""Target rows that must not be deleted, since rows of other tables would be deleted or changed with them.

A foreign key without an action holds its parent back by itself. One with an action (CASCADE, SET NULL, SET DEFAULT) takes what the
new application wrote along, without a word: the rows it leads from are looked for before, once for each batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from changeover.binding import Bound
from changeover.keyset.key import KeyValues
from changeover.ledger.rejects import Reject
from changeover.schema import Referring
from changeover.transfer.matching import execute, joined, matching
from changeover.transfer.statements import key_text, parts
from changeover.transfer.target_key import stored_key

Held = dict[KeyValues, str]
"""Target keys of rows that stay, and the table that refers to each."""


def held(connection: sa.Connection, bound: Bound, keys: Sequence[KeyValues]) -> Held:
    """Those of the target rows with these keys that rows of other tables refer to, by a key that does not hold them back.

    The rows are locked: who would refer to one of them meanwhile has to wait for it to be gone.
    """
    found: Held = {}
    if not bound.referring or not keys:
        return found
    own = [key for key in bound.referring if key.table == bound.new.table]
    children: dict[KeyValues, set[str]] = {}
    for part in parts(keys):
        if bound.dialect.family != "sqlite":
            rows = matching(bound, part)
            execute(connection, f"SELECT 1 FROM {rows.rows(bound)} FOR UPDATE", rows)
        for key in bound.referring:
            if key.table != bound.new.table:
                for place, *_ in _referring(connection, bound, key, part):
                    found.setdefault(part[int(place)], str(key.table))
        for key in own:
            for place, child in _referring(connection, bound, key, part):
                children.setdefault(part[int(place)], set()).add(key_text(child))
    return _with_parents(str(bound.new.table), found, children, keys)


def rejects(
    roots: Sequence[tuple[str, KeyValues]], found: Held, what: str = "its root is gone"
) -> list[Reject]:
    """The roots whose target rows are held. ``what`` happened to them."""
    return [
        Reject(root, "", "referenced", f"{what}, and rows of {found[key]} refer to its row")
        for root, key in roots
        if key in found
    ]


def _referring(
    connection: sa.Connection, bound: Bound, key: Referring, part: Sequence[KeyValues]
) -> list[Any]:
    """The places in ``part`` of rows that are referred to; with the referring row's key, where it is of the same table."""
    dialect = bound.dialect
    rows = matching(bound, part)
    own = key.table == bound.new.table
    child = stored_key(bound, "r") if own else "NULL"
    on = " AND ".join(
        f"r.{dialect.quote(column)} = t.{dialect.quote(parent)}"
        for column, parent in zip(key.columns, key.parent_columns, strict=True)
    )
    statement = (
        f"SELECT DISTINCT v.n, {child} FROM {rows.rows(bound)} JOIN {dialect.table(key.table)} AS r ON {on}"
    )
    return list(execute(connection, statement, rows).all())


def _with_parents(
    table: str, found: Held, children: dict[KeyValues, set[str]], keys: Sequence[KeyValues]
) -> Held:
    """Of a row and its own table's children, the row goes only with all of them: what stays holds its parents."""
    texts = {joined(key): key for key in keys}
    going = {text for text, key in texts.items() if key not in found}
    while True:
        stays = [key for key, refer in children.items() if key not in found and not refer <= going]
        if not stays:
            return found
        for key in stays:
            found[key] = table
            going.discard(joined(key))
