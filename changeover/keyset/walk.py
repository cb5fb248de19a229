"""Walking a key space: where a page that begins after one key ends. Never by OFFSET from the start: each step begins at a key."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from changeover.dialects import Dialect
from changeover.errors import NoUsableKey
from changeover.keyset.key import Key, KeyValues
from changeover.keyset.spelling import text_of
from changeover.mapping import OldTable


def page_end(
    connection: sa.Connection,
    dialect: Dialect,
    root: OldTable,
    key: Key,
    after: KeyValues | None,
    upto: KeyValues | None,
    rows: int,
) -> KeyValues | None:
    """The key of the ``rows``-th root after ``after``, or None if there are fewer up to ``upto``.

    It reads ``rows`` entries of the key's index and nothing of the table. Raises: NoUsableKey when the page ends where it began.
    """
    statement = select_page_end(dialect, root, key, after, upto, rows)
    row = connection.execute(statement).first()
    found = None if row is None else _texts(row)
    return moved_on(root, key, after, found)


def select_page_end(
    dialect: Dialect, root: OldTable, key: Key, after: KeyValues | None, upto: KeyValues | None, rows: int
) -> sa.Select[Any]:
    """`page_end`'s statement."""
    columns = key.of(root)
    statement = sa.select(*columns).select_from(root.from_).order_by(*columns).limit(1).offset(rows - 1)
    for part in (
        None if after is None else dialect.after(columns, key.literals(after)),
        None if upto is None else dialect.upto(columns, key.literals(upto)),
    ):
        if part is not None:
            statement = statement.where(part)
    # The index is walked over bare columns; only the one key that is found is written as text.
    inner = statement.subquery("page")
    return sa.select(*_written(key, inner))


def last_key(
    connection: sa.Connection, dialect: Dialect, root: OldTable, key: Key, after: KeyValues | None = None
) -> KeyValues | None:
    """The largest key (above ``after``), or None where there is none."""
    columns = key.of(root)
    statement = sa.select(*columns).select_from(root.from_)
    if after is not None:
        statement = statement.where(dialect.after(columns, key.literals(after)))
    inner = statement.order_by(*(c.desc() for c in columns)).limit(1).subquery("page")
    found = connection.execute(sa.select(*_written(key, inner))).first()
    return None if found is None else _texts(found)


def _written(key: Key, inner: sa.Subquery) -> list[sa.ColumnElement[Any]]:
    texts = [c.kind.text(inner.c[c.name], key.family, c.kind) for c in key.columns]
    # SQLite's text may be no UTF-8, which its driver does not give out as text.
    return [sa.cast(text, sa.LargeBinary()) for text in texts] if key.family == "sqlite" else texts


def moved_on(root: OldTable, key: Key, after: KeyValues | None, found: KeyValues | None) -> KeyValues | None:
    """``found``, where a page that begins after ``after`` ends. Raises: NoUsableKey when that is where it began.

    A key whose text doesn't lead back to its place in the index would be walked for ever.
    """
    if found is not None and found == after:
        names = ", ".join(c.name for c in key.columns)
        raise NoUsableKey(
            f"table {root.database_}.{root.qualified_}: some row's key ({names}) does not compare with its own text, and can't be "
            "paged by; mend the row, or name another unique set of columns with key="
        )
    return found


def _texts(row: Any) -> KeyValues:
    return tuple(
        text_of(bytes(value)) if isinstance(value, (bytes, bytearray)) else str(value) for value in row
    )
