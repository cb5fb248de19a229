"""Unique values that change hands between rows: put out of the way before they are taken.

A unique index is looked at row by row. Of rows that exchange their values, or that each take their neighbour's, an UPDATE finds the
first value still taken, in whatever order it goes. So these rows are given values first that no row has. Nobody else sees them: it
is the same transaction, which goes on only when every row holds what was staged.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import exc

from changeover.binding import Bound, BoundColumn
from changeover.transfer import sql
from changeover.transfer.matching import execute, matching
from changeover.transfer.remove import leads
from changeover.transfer.statements import key_text, parts, rows, run, scalar
from changeover.transfer.target_key import shown_key
from changeover.types.integer import Integer
from changeover.types.text import Text

Names = tuple[str, ...]


def any_moving(connection: sa.Connection, bound: Bound) -> bool:
    """Whether some staged row's unique values are to change, and can be put aside until then."""
    return any(
        scalar(connection, f"SELECT 1 FROM {_moving(bound, names)} LIMIT 1") is not None
        for names, *_ in _movable(bound)
    )


def moving(connection: sa.Connection, bound: Bound, names: Names) -> set[str]:
    """The keys of target rows that give these values up, as they are shown; none where they can't be put aside."""
    if names not in {movable for movable, *_ in _movable(bound)}:
        return set()
    return {
        key_text(key)
        for key, *_ in rows(connection, f"SELECT {shown_key(bound)} FROM {_moving(bound, names)}")
    }


def put_aside(connection: sa.Connection, bound: Bound) -> None:
    """Give target rows whose unique values are to change values that no row has. The update that follows gives them theirs."""
    for names, column, free in _movable(bound):
        where = f"({sql.either([sql.differs(bound, bound.column(name)) for name in names])}) AND {sql.updated(bound)}"
        run(
            connection,
            bound.dialect.update(
                bound.new.table, [(column, free)], sql.source(bound), sql.identity(bound), where
            ),
        )


def give_up(connection: sa.Connection, bound: Bound, gone: Sequence[str]) -> None:
    """Put the unique values of rows aside whose roots are gone, and which have to stay for rows that refer to them.

    Another root has these values now. Its row can be written then, the others can refer to it, and nothing keeps the old row any
    longer. Where a constraint knows better which values there may be, the conflicts are what they are.
    """
    movable = _movable(bound)
    keys = [key for _, key in leads(connection, bound, gone)] if movable else []
    savepoint = connection.begin_nested()
    try:
        for part in parts(keys):
            rows = matching(bound, part)
            for _, column, free in movable:
                update = bound.dialect.update(
                    bound.new.table, [(column, free)], rows.listed, rows.on, "1 = 1"
                )
                execute(connection, update, rows)
        savepoint.commit()
    except exc.DBAPIError as error:
        if bound.dialect.trouble(error) != "row":
            raise
        savepoint.rollback()


def _moving(bound: Bound, names: Names) -> str:
    differs = sql.either([sql.differs(bound, bound.column(name)) for name in names])
    return (
        f"{sql.source(bound)} JOIN {bound.dialect.table(bound.new.table)} AS t ON {sql.identity(bound)} "
        f"WHERE ({differs}) AND {sql.updated(bound)}"
    )


def _movable(bound: Bound) -> list[tuple[Names, str, str]]:
    """Unique column sets that updates set, and of each a column with a value that no row has."""
    made = {column.name: column for column in sql.written(bound)}
    found: list[tuple[Names, str, str]] = []
    for names in bound.new.uniques:
        if set(names) <= made.keys() | set(bound.identity_columns):
            free = [(n, value) for n in names if n in made and (value := _free(bound, made[n])) is not None]
            # NULL before anything else: no index takes two of them for one.
            found += [(names, *one) for one in sorted(free, key=lambda one: one[1] != "NULL")[:1]]
    return found


def _free(bound: Bound, column: BoundColumn) -> str | None:
    """SQL of a value of the column that no row has: each row's own, after its key. None where there is no telling.

    A column that another mapping of a merge may have the say in is left alone: the update would not set it back.
    """
    if sql.senior(bound, column):
        return None
    if column.nullable:
        return "NULL"
    if any(column.name in key.columns for key in bound.new.foreign_keys):
        return None
    if isinstance(column.kind, Text):
        return bound.dialect.concat(["'changeover '", shown_key(bound)])
    key = bound.new.column(bound.identity_columns[0])
    if (
        isinstance(column.kind, Integer)
        and key
        and len(bound.identity_columns) == 1
        and isinstance(key.kind, Integer)
    ):
        return f"{column.kind.high} - t.{bound.dialect.quote(key.name)}"
    return None
