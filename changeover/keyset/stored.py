"""What SQLite really stores in a key, whatever the columns' types say: what can't be paged by is found before paging begins."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from changeover.dialects import Dialect
from changeover.keyset.key import Key, KeyColumn, KeyValues
from changeover.mapping import OldTable
from changeover.types.binary import Binary
from changeover.types.boolean import Boolean
from changeover.types.decimal import Decimal
from changeover.types.float import Float
from changeover.types.integer import Integer

_STORED: tuple[tuple[type, tuple[str, ...]], ...] = (
    (Integer, ("integer",)),
    (Boolean, ("integer",)),
    (Decimal, ("integer", "real")),
    (Float, ("integer", "real")),
    (Binary, ("blob",)),
)


def misfit(
    connection: sa.Connection, dialect: Dialect, root: OldTable, key: Key, after: KeyValues | None
) -> tuple[str, str] | None:
    """A column of the key and what some row has in it that no page would find: ``("id", "text")``; None where all is well.

    SQLite orders NULL, numbers, text, bytes: of a key of one column the first and the last row tell of all between them. For a key
    of several its index is read, from ``after`` on, where the last plan ended.
    """
    if key.family != "sqlite":
        return None
    if len(key.columns) == 1:
        return _ends(connection, root, key.columns[0])
    columns = key.of(root)
    odd = {c.name: sa.func.typeof(root[c.name]).not_in(_fit(c)) for c in key.columns}
    statement = sa.select(*(sa.func.typeof(column) for column in columns)).select_from(root.from_)
    statement = statement.where(sa.or_(*odd.values())).limit(1)
    if after is not None:
        statement = statement.where(dialect.after(columns, key.literals(after)))
    found = connection.execute(statement).first()
    if found is None:
        return None
    return next(
        (c.name, str(sort)) for c, sort in zip(key.columns, found, strict=True) if sort not in _fit(c)
    )


def _ends(connection: sa.Connection, root: OldTable, column: KeyColumn) -> tuple[str, str] | None:
    value: Any = root[column.name]
    for order in (value.asc(), value.desc()):
        statement = sa.select(sa.func.typeof(value)).select_from(root.from_).order_by(order).limit(1)
        sort = connection.execute(statement).scalar()
        if sort is not None and sort not in _fit(column):
            return column.name, str(sort)
    return None


def _fit(column: KeyColumn) -> tuple[str, ...]:
    # A date may be a number, of seconds or days; a fraction of one would not survive the way through its text.
    moment = ("text", "integer") if column.raw else ("text",)
    return next((stored for kind, stored in _STORED if isinstance(column.kind, kind)), moment)
