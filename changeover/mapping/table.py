"""One mapping: how one target table is made from one root table."""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from changeover.errors import MappingError
from changeover.mapping.columns import Column, Declared, Expression, Lookup, Narrow, Python, ValueMap, column
from changeover.mapping.ids import Ids, Keep
from changeover.mapping.old import Join, OldTable

_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,100}")


@dataclass(frozen=True, eq=False)
class Mapping:
    """How rows of ``root`` (and its joins) become rows of ``target``.

    Parameters:
        target: the new table's name (``schema.table`` where it isn't the default schema).
        root: the old table; each of its rows makes at most one target row.
        columns: target column to how it is made. Key columns that ``ids`` makes are left out.
        ids: where the target's primary key comes from.
        key: the root's columns to page by; its primary key, or a unique index without NULLs, when left out.
        joins, where: further old tables, and which roots have a target row.
        name: unique; ``<database>.<root>.<target>`` when left out.
        domain: the group it is shown in; the folder the mapping stands in when left out.
        rows_per_range: about how many roots a partition holds; chosen by the planner when left out.
        max_rejects: open rejects of this mapping after which a backfill of it stops.
        high_water: the root's column that grows with each change (or each insert), for an old database that can't have triggers.
        exclusive: nobody but this mapping writes the target: rows without a root may be deleted.

    Raises: MappingError when the declaration contradicts itself.
    """

    target: str
    root: OldTable
    columns: MappingOf[str, Declared]
    ids: Ids = field(default_factory=Keep)
    key: tuple[str, ...] = ()
    joins: tuple[Join, ...] = ()
    where: sa.ColumnElement[bool] | None = None
    name: str = ""
    domain: str = ""
    rows_per_range: int | None = None
    max_rejects: int = 1_000
    exclusive: bool = False
    high_water: sa.ColumnElement[Any] | None = None
    description: str = ""

    def __post_init__(self) -> None:
        made = {name: self._column(name, declared) for name, declared in self.columns.items()}
        object.__setattr__(self, "columns", made)
        object.__setattr__(self, "joins", tuple(self.joins))
        object.__setattr__(self, "key", (self.key,) if isinstance(self.key, str) else tuple(self.key))
        if not self.name:
            object.__setattr__(self, "name", f"{self.root.database_}.{self.root.qualified_}.{self.target}")
        if not _NAME.fullmatch(self.name):
            object.__setattr__(self, "name", re.sub(r"[^A-Za-z0-9_.\-]", "_", self.name)[:100])
        if self.rows_per_range is not None and self.rows_per_range < 1:
            raise MappingError(f"mapping {self.name}: rows_per_range must be at least 1")
        for other in self.joins:
            if other.table.database_ != self.root.database_:
                raise MappingError(
                    f"mapping {self.name}: joins table {other.table.qualified_} of old database {other.table.database_!r} to a "
                    f"root in {self.root.database_!r}; a join stays in one database: use lookup() for rows of another"
                )

    @property
    def database(self) -> str:
        """The old database's name."""
        return self.root.database_

    @property
    def root_name(self) -> str:
        """``<database>.<table>``: what ranges and progress are kept under; shared by the mappings of a split."""
        return f"{self.root.database_}.{self.root.qualified_}"

    @property
    def made(self) -> dict[str, Column]:
        """Target column to the column that makes it."""
        return dict(self.columns)  # type: ignore[arg-type]

    def _column(self, name: str, declared: Declared) -> Column:
        try:
            return column(declared)
        except TypeError as error:
            raise MappingError(f"mapping of {self.target}, column {name}: {error}") from None

    def expressions(self) -> dict[str, tuple[sa.ColumnElement[Any], ...]]:
        """The old-side expressions of each target column, in the order they are read."""
        found: dict[str, tuple[sa.ColumnElement[Any], ...]] = {}
        for name, made in self.made.items():
            if isinstance(made, (Expression, Narrow, ValueMap)):
                found[name] = (made.value,)
            elif isinstance(made, Lookup):
                found[name] = made.values
            elif isinstance(made, Python):
                found[name] = made.inputs
        return found
