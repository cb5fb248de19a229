"""From a changed row of a joined table to the roots that read it, as they are now.

It is enough to ask when the change is applied. A root that read the row when it changed and doesn't any more was changed itself
since, and has an entry of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import visitors

from changeover.binding import Move
from changeover.capture.source import Source
from changeover.dialects import of

PAGE = 2_000
"""Roots found at once: a category may have a million products."""

VALUES_AT_ONCE = 500


def roots(connection: sa.Connection, move: Move, source: Source, texts: Sequence[str]) -> Iterator[list[str]]:
    """Encoded keys of the roots that ``source``'s rows with these key texts lead to, a page at a time, in key order."""
    for start in range(0, len(texts), VALUES_AT_ONCE):
        part = [source.key.decode(text) for text in texts[start : start + VALUES_AT_ONCE]]
        last: str | None = None
        while True:
            page = list(connection.execute(select_roots(connection, move, source, part, last)).scalars())
            found = [key.decode() if isinstance(key, (bytes, bytearray)) else str(key) for key in page]
            if found:
                yield found
            if len(found) < PAGE:
                break
            last = found[-1]


def select_roots(
    connection: sa.Connection,
    move: Move,
    source: Source,
    values: Sequence[tuple[str, ...]],
    after: str | None,
) -> sa.Select[Any]:
    """The statement of one page. ``after`` is the encoded key that the last one ended with."""
    assert source.outer is not None
    root, key = move.mapping.root, move.key
    tables: sa.FromClause = root.from_
    for join in source.joins:
        tables = tables.join(join.table.from_, join.on, isouter=join.outer)
    same = [
        sa.and_(*(o == v for o, v in zip(source.outer, asked(source, value), strict=True)))
        for value in values
    ]
    columns = key.of(root)
    statement = (
        sa.select(key.encoded(root)).select_from(tables).where(sa.or_(*same)).order_by(*columns).limit(PAGE)
    )
    if after is not None:
        statement = statement.where(of(connection).after(columns, key.literals(key.decode(after))))
    return statement


def asked(source: Source, value: Sequence[str]) -> list[sa.ColumnElement[Any]]:
    """What the roots' expressions have to equal for a row with these values."""
    literals = source.key.literals(tuple(value))
    if not source.inner:
        return literals
    by_name = {column.name: literal for column, literal in zip(source.key.columns, literals, strict=True)}

    def replace(element: Any, **_: Any) -> Any:
        return by_name[element.name] if isinstance(element, sa.ColumnClause) else None

    return [visitors.replacement_traverse(inner, {}, replace) for inner in source.inner]
