"""Old tables as a mapping names them: a database's name, a table's name, and columns by attribute.

Columns are untyped on purpose: a mapping is written before anybody connects. `changeover check` compares them with
the live schema.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.selectable import AliasedReturnsRows

from changeover.mapping.expressions import condition
from changeover.mapping.given import is_a


class OldTable:
    """A table of a named old database, whose columns are SQLAlchemy columns: ``product.price``, ``product["Unit Price"]``.

    Made by `old`. Two handles of one table are different aliases when ``alias`` differs, so that a table can be joined to
    itself.
    """

    def __init__(
        self, database: str, name: str, *, schema: str | None = None, alias: str | None = None
    ) -> None:
        self._database = database
        self._name = name
        self._schema = schema
        self._table = sa.table(name, schema=schema)
        self._from: sa.FromClause = self._table if alias is None else self._table.alias(alias)
        self._alias = alias
        self._columns: dict[str, sa.ColumnElement[Any]] = {}

    @classmethod
    def standing_in(cls, database: str, source: sa.FromClause) -> OldTable:
        """A handle of what already stands in FROM of some statement: a table or an alias of one."""
        table: Any = source
        while isinstance(table, AliasedReturnsRows):
            table = table.element
        made = cls(database, table.name, schema=table.schema)
        made._from = source
        return made

    @property
    def database_(self) -> str:
        """The old database's name, as in ``CHANGEOVER_OLD_<NAME>_URL``."""
        return self._database

    @property
    def name_(self) -> str:
        """The table's name."""
        return self._name

    @property
    def schema_(self) -> str | None:
        """The table's schema, or None for the connection's default."""
        return self._schema

    @property
    def qualified_(self) -> str:
        """``schema.table`` or ``table``, as shown to people."""
        return f"{self._schema}.{self._name}" if self._schema else self._name

    @property
    def from_(self) -> sa.FromClause:
        """What stands in FROM."""
        return self._from

    @property
    def columns_(self) -> tuple[str, ...]:
        """The names of the columns that were asked for so far."""
        return tuple(self._columns)

    def __getitem__(self, name: str) -> sa.ColumnElement[Any]:
        if name not in self._columns:
            self._columns[name] = sa.column(name, _selectable=self._from)
        return self._columns[name]

    def __getattr__(self, name: str) -> sa.ColumnElement[Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __repr__(self) -> str:
        return f"old({self._database!r}, {self._name!r})"


def old(database: str, table: str, *, schema: str | None = None, alias: str | None = None) -> OldTable:
    """A table of the old database named ``database``.

    Parameters: ``schema`` where it isn't the connection's default; ``alias`` to join a table to itself.
    Columns are attributes, or items where a name is no Python name.
    """
    return OldTable(database, table, schema=schema, alias=alias)


@dataclass(frozen=True)
class Join:
    """Another old table joined to the root; at most one of its rows may match each root."""

    table: OldTable
    on: sa.ColumnElement[bool]
    outer: bool

    def __post_init__(self) -> None:
        if not is_a(self.table, OldTable):
            raise TypeError(f"a join got {self.table!r}; expected an old table: old(database, table)")
        object.__setattr__(self, "on", condition(f"the join with {self.table.qualified_}", self.on))


def left_join(table: OldTable, on: sa.ColumnElement[bool]) -> Join:
    """Join ``table`` where ``on`` holds; its columns are NULL for roots without a match."""
    return Join(table, on, outer=True)


def join(table: OldTable, on: sa.ColumnElement[bool]) -> Join:
    """Join ``table`` where ``on`` holds; roots without a match are filtered out, and so have no target row."""
    return Join(table, on, outer=False)
