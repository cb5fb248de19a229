"""One mapping: how one target table is made from one root table."""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from typing import Any, Literal

import sqlalchemy as sa

from changeover.errors import MappingError
from changeover.mapping.columns import (
    Column,
    Declared,
    Expression,
    Image,
    Lookup,
    Narrow,
    Python,
    ValueMap,
    column,
)
from changeover.mapping.expressions import condition, more_than_a_row
from changeover.mapping.given import are, is_a, is_number
from changeover.mapping.ids import Assigned, Computed, Ids, Keep, Offset
from changeover.mapping.old import Join, OldTable

Mode = Literal["outbox", "direct"]

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
        on_drift: what the drift sensor does about rows that differ from their roots: ``mend`` them, or only ``report``.
        mode: how changes are captured: ``outbox``, or ``direct``, which also writes the target in the old application's own
            transaction, where both schemas stand on one server.
        old_writes_may_fail: accept that direct mode on MariaDB makes the old application's statements wait for locks of the new
            table, and fail or be rolled back in rare cases. PostgreSQL needs no such word.

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
    on_drift: Literal["mend", "report"] = "mend"
    high_water: sa.ColumnElement[Any] | None = None
    description: str = ""
    mode: Mode = "outbox"
    old_writes_may_fail: bool = False

    def __post_init__(self) -> None:
        self._check_types()
        made = {name: self._column(name, declared) for name, declared in self.columns.items()}
        object.__setattr__(self, "columns", made)
        object.__setattr__(
            self, "joins", (self.joins,) if isinstance(self.joins, Join) else tuple(self.joins)
        )
        object.__setattr__(self, "key", (self.key,) if isinstance(self.key, str) else tuple(self.key))
        if self.where is not None:
            object.__setattr__(self, "where", self._condition(self.where))
        if not self.name:
            object.__setattr__(self, "name", f"{self.root.database_}.{self.root.qualified_}.{self.target}")
        if not _NAME.fullmatch(self.name):
            object.__setattr__(self, "name", re.sub(r"[^A-Za-z0-9_.\-]", "_", self.name)[:100])
        self._check_rows()
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

    def _condition(self, declared: Any) -> sa.ColumnElement[bool]:
        try:
            return condition("where=", declared)
        except TypeError as error:
            raise MappingError(f"mapping of {self.target}: {error}") from None

    def _check_types(self) -> None:
        expected: list[tuple[str, bool, str]] = [
            ("target", is_a(self.target, str), "the name of the new table"),
            ("root", is_a(self.root, OldTable), "an old table: old(database, table)"),
            (
                "columns",
                is_a(self.columns, MappingOf) and are(list(self.columns), str),
                "target columns' names, each with how it is made",
            ),
            (
                "ids",
                is_a(self.ids, Keep, Offset, Assigned, Computed),
                "Keep(), Offset(by), Assigned() or Computed()",
            ),
            ("key", is_a(self.key, str) or are(self.key, str), 'names of the root\'s columns: key=("no",)'),
            ("joins", is_a(self.joins, Join) or are(self.joins, Join), "joins=(left_join(…), …)"),
            (
                "rows_per_range",
                self.rows_per_range is None or is_number(self.rows_per_range, 1),
                "a number, 1 or more",
            ),
            ("max_rejects", is_number(self.max_rejects, 0), "a number, 0 or more"),
            ("on_drift", self.on_drift in ("mend", "report"), "'mend' or 'report'"),
            ("mode", self.mode in ("outbox", "direct"), '"outbox" or "direct"'),
            ("old_writes_may_fail", is_a(self.old_writes_may_fail, bool), "True or False"),
        ]
        for name, well, wanted in expected:
            if not well:
                raise MappingError(
                    f"mapping of {self.target}: {name} is {getattr(self, name)!r}; expected {wanted}"
                )

    def _check_rows(self) -> None:
        """A root makes a row: what speaks of several roots would make one row of a whole chunk."""
        places = [
            (f"column {name}", value) for name, values in self.expressions().items() for value in values
        ]
        places += [("where=", self.where)] if self.where is not None else []
        places += [(f"the join with {other.table.qualified_}", other.on) for other in self.joins]
        for place, value in places:
            found = more_than_a_row(value)
            if found:
                raise MappingError(
                    f"mapping {self.name}, {place}: {found} speaks of many rows, and a mapping makes one row of each root; put it "
                    "into a subquery (select(…).where(…).scalar_subquery())"
                )

    def expressions(self) -> dict[str, tuple[sa.ColumnElement[Any], ...]]:
        """The old-side expressions of each target column, in the order they are read."""
        found: dict[str, tuple[sa.ColumnElement[Any], ...]] = {}
        for name, made in self.made.items():
            if isinstance(made, (Expression, Image, Narrow, ValueMap)):
                found[name] = (made.value,)
            elif isinstance(made, Lookup):
                found[name] = made.values
            elif isinstance(made, Python):
                found[name] = made.inputs
        return found
