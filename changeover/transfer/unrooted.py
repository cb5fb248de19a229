"""Target rows that no root leads to, in tables of which the mapping says that nobody else writes them: finding and deleting them.

A row and its link in the id map are written in one transaction, so in one snapshot each row of a root has its link.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import exc

from changeover.binding import Bound, Move
from changeover.keyset.key import Key, KeyColumn, KeyValues
from changeover.keyset.walk import page_end
from changeover.ledger.tables import mapping
from changeover.mapping import OldTable
from changeover.project import Project
from changeover.transfer.looking import looking
from changeover.transfer.matching import execute, matching
from changeover.transfer.referred import held
from changeover.transfer.remove import delete_rows_by_key, shifted, split_key, unlinked
from changeover.transfer.statements import key_text, parts, rows
from changeover.transfer.target_key import stored_key
from changeover.types.text import Text


def why_not(project: Project, bound: Bound) -> str:
    """Why rows without a root are not looked for in a mapping's table; empty where they are."""
    if not bound.mapping.exclusive:
        return "its mapping does not say exclusive=True: others may write it"
    others = [
        b.mapping.root_name
        for move in project.moves.values()
        for b in move.bounds
        if b.mapping.target == bound.mapping.target and b.id != bound.id
    ]
    if others:
        return f"{', '.join(others)} is moved into it too"
    if bound.identity == "direct":
        return ""
    columns = [bound.new.column(name) for name in bound.identity_columns]
    if any(column is None or column.kind is None or isinstance(column.kind, Text) for column in columns):
        return "its key is text, of which a collation may take several for one"
    return ""


class Walk:
    """A walk over a target's own keys."""

    def __init__(self, bound: Bound) -> None:
        self.bound, family = bound, bound.dialect.family
        table = bound.new.table
        self.table = OldTable("new", table.name, schema=table.schema, alias="t")
        columns = [(name, bound.new.column(name)) for name in bound.identity_columns]
        self.key = Key(
            tuple(
                KeyColumn(name, c.kind, c.type) for name, c in columns if c is not None and c.kind is not None
            ),
            family,
        )

    def end(self, connection: sa.Connection, after: KeyValues | None, rows: int) -> KeyValues | None:
        """Where a page of so many rows ends; None for the last one, which has no end."""
        return page_end(connection, self.bound.dialect, self.table, self.key, after, None, rows)

    def keys(self, connection: sa.Connection, after: KeyValues | None, upto: KeyValues | None) -> list[str]:
        """The keys of a page's rows, as the id map has them."""
        found = connection.execute(self._page(after, upto)).scalars()
        return [key_text(key) for key in found]

    def unlinked(
        self, connection: sa.Connection, after: KeyValues | None, upto: KeyValues | None
    ) -> list[str]:
        """Those of a page's rows that no link of the id map leads to, of whatever mapping of this table, past ones included."""
        known = _mappings(connection, self.bound)
        if self.bound.identity != "assigned":
            return unlinked(connection, self.bound, self.keys(connection, after, upto), known)
        dialect, (name,) = self.bound.dialect, self.bound.identity_columns
        bounds = [("> ", after), ("<=", upto)]
        # The same bounds on both sides: a planner without statistics would read all links for each page.
        of_rows, of_links = (
            " AND ".join(f"{column} {op} {int(key[0])}" for op, key in bounds if key is not None) or "1 = 1"
            for column in (f"t.{dialect.quote(name)}", "i.target_id")
        )
        return [
            key
            for (key,) in rows(
                connection,
                f"SELECT {stored_key(self.bound)} FROM {dialect.table(self.bound.new.table)} AS t "
                f"LEFT JOIN changeover_id_map AS i ON i.target_id = t.{dialect.quote(name)} AND {of_links} "
                f"AND i.mapping_id IN ({', '.join(map(str, known))}) WHERE {of_rows} AND i.root_key IS NULL",
            )
        ]

    def _page(self, after: KeyValues | None, upto: KeyValues | None) -> sa.Select[tuple[str]]:
        dialect, columns = self.bound.dialect, self.key.of(self.table)
        statement = sa.select(sa.literal_column(stored_key(self.bound))).select_from(self.table.from_)
        if after is not None:
            statement = statement.where(dialect.after(columns, self.key.literals(after)))
        if upto is not None:
            statement = statement.where(dialect.upto(columns, self.key.literals(upto)))
        return statement


def beyond(bound: Bound, upper: KeyValues) -> KeyValues:
    """The key of the target above which no planned range has a root, where ids are kept or shifted."""
    return shifted(bound, "|".join(upper))


def root_keys(bound: Bound, target_keys: Sequence[str]) -> list[str]:
    """The roots that target rows would have, where ids are kept or shifted."""
    return ["|".join(str(int(part) - bound.offset) for part in split_key(bound, key)) for key in target_keys]


def still(connection: sa.Connection, bound: Bound, target_keys: Sequence[str]) -> list[str]:
    """Those of the rows that are there, and that no link leads to."""
    there: list[str] = []
    for part in parts(target_keys):
        listed = matching(bound, [split_key(bound, key) for key in part])
        found = execute(connection, f"SELECT DISTINCT {stored_key(bound)} FROM {listed.rows(bound)}", listed)
        there += [key_text(key) for key in found.scalars()]
    known = _mappings(connection, bound)
    if bound.identity != "assigned":
        return unlinked(connection, bound, there, known)
    linked: set[str] = set()
    for part in parts(there):
        statement = f"SELECT target_id FROM changeover_id_map WHERE target_id IN ({', '.join(map(str, map(int, part)))}) "
        statement += f"AND mapping_id IN ({', '.join(map(str, known))})"
        linked.update(str(i) for i in connection.exec_driver_sql(statement).scalars())
    return [key for key in there if key not in linked]


def found_still(project: Project, move: Move, bound: Bound, target_keys: Sequence[str]) -> list[str]:
    """The same, by one look under the table lock."""
    with looking(project, move.targets) as target:
        return still(target, bound, target_keys)


def remove(project: Project, move: Move, bound: Bound, target_keys: Sequence[str]) -> None:
    """Delete those of the rows that no link leads to by now, under the table lock, but for rows that others refer to."""
    with project.new.engine.begin() as target:
        project.dialect.lock(target, move.targets, exclusive=False)
        if project.new.at_once:
            target.exec_driver_sql(project.new.at_once)
        found = still(target, bound, target_keys)
        stay = held(target, bound, [split_key(bound, key) for key in found])
        _delete(target, bound, [key for key in found if split_key(bound, key) not in stay])


def _delete(target: sa.Connection, bound: Bound, target_keys: Sequence[str]) -> None:
    if not target_keys:
        return
    savepoint = target.begin_nested()
    try:
        delete_rows_by_key(target, bound, target_keys)
        savepoint.commit()
        return
    except exc.DBAPIError as error:
        if bound.dialect.trouble(error) != "row":
            raise
        savepoint.rollback()
    if len(target_keys) > 1:
        middle = len(target_keys) // 2
        _delete(target, bound, target_keys[:middle])
        _delete(target, bound, target_keys[middle:])


def _mappings(connection: sa.Connection, bound: Bound) -> list[int]:
    statement = sa.select(mapping.c.id).where(mapping.c.target == bound.mapping.target)
    return sorted({bound.id, *(int(number) for number in connection.execute(statement).scalars())})
