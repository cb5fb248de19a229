"""What triggers are made of, for all databases: SQL of keys, and what is to be noted where.

The SQL of a key is written by whoever knows keys. Here it is only put into the place where it runs: for a changed row over ``NEW``
and ``OLD``, for a row that is found by a query over an alias.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from changeover.dialects.base import TableName

PREFIX = "changeover_"
"""What the names of all that is installed begin with."""

KEY_BYTES = 1024
"""The longest key that the outbox holds where a column needs a limit."""

_PLAIN = re.compile(r"[a-z0-9_]+")


@dataclass(frozen=True)
class Note:
    """What a changed row of a table leaves in the outbox: a source, and the row's key as it was, as it is, or both."""

    source: str
    new: str
    """SQL of the encoded key over ``NEW``."""
    old: str
    """The same over ``OLD``."""
    found: str
    """The same over a row ``t`` that a query finds."""
    columns: tuple[str, ...]
    """The key's columns."""
    nullable: bool = False
    """A row with NULL in one of them leaves nothing."""
    numbers: bool = False
    """All of them are integers: keys differ where they do."""
    long: bool = False
    """The declared types allow keys of more than `KEY_BYTES` bytes."""
    settings: bool = False
    """The text depends on settings of the session (PostgreSQL)."""
    exact: bool = False
    """Rows whose columns are equal byte for byte have one key (SQLite, where a column may hold anything)."""


@dataclass(frozen=True)
class Step:
    """A table in a chain of cascades: its rows are those where each column equals one of the table before it (``OLD`` at first)."""

    table: TableName
    alias: str
    on: tuple[tuple[str, str, str], ...]
    """(own column, alias before, its column)."""


@dataclass(frozen=True)
class Cascade:
    """Rows that a foreign key changes behind the triggers' backs, when a row of the table it leads to is deleted or updated."""

    event: Literal["delete", "update"]
    changed: tuple[str, ...]
    """The columns whose change sets it off, for an update."""
    steps: tuple[Step, ...]
    source: str
    keys: tuple[str, ...]
    """SQL of the keys to note: of the last step's row as it is, and, where it differs, as it will be."""
    columns: tuple[str, ...] = ()
    """The key's columns, where they may be NULL: such a row leaves nothing."""
    long: bool = False


Unique = tuple[tuple[str, str], ...]
"""A unique index: (column, collation)."""


@dataclass(frozen=True)
class Watched:
    """A table that gets triggers."""

    table: TableName
    notes: tuple[Note, ...]
    cascades: tuple[Cascade, ...] = ()
    uniques: tuple[Unique, ...] = ()
    """For databases in which a conflict may silently delete a row."""
    partitions: tuple[TableName, ...] = ()
    alone: bool = False
    """No statement that names another table changes its rows, cascades apart (PostgreSQL: it is neither partitioned nor a
    partition, and has nothing to do with inheritance)."""


@dataclass(frozen=True)
class Trigger:
    """A trigger and the statements that make and drop it, each to be run as it is.

    ``name`` is unique among the triggers of a database; it has the schema where triggers stand in one of their own.
    """

    name: str
    table: TableName
    create: tuple[str, ...]
    drop: tuple[str, ...]


@dataclass(frozen=True)
class Installed:
    """A trigger of ours (or a function of one) that stands in the database.

    ``trigger`` is the name of the `Trigger` that it is, or is part of; ``definition`` the database's own text; ``enabled`` whether
    it fires.
    """

    name: str
    trigger: str
    table: TableName
    definition: str
    enabled: bool
    drop: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """A table as capture must know it."""

    definition: str
    """Changes when columns, their types or keys do; not with its rows, counters or statistics."""
    mark: str
    """Changes when the table was dropped and made again, and, where the database lets us see it, emptied at once."""
    refused: str = ""
    """Why it can't be captured; completes "table x …"."""
    uniques: tuple[Unique, ...] = ()
    partitions: tuple[TableName, ...] = ()
    alone: bool = False
    """See `Watched`."""
    folded: tuple[str, ...] = ()
    """Columns that are compared otherwise than byte for byte, where it is the left side of an equation that says so (SQLite)."""
    counter: int = 0
    """A number that only grows, unless the table is emptied at once; 0 where there is none, or a better way to know."""
    blind: str = ""
    """What can't be noticed of it, and what would help; completes "table x: …"."""


@dataclass(frozen=True)
class Reference:
    """A foreign key with its actions, of a database whose cascades fire no triggers."""

    child: TableName
    columns: tuple[str, ...]
    parent: TableName
    parent_columns: tuple[str, ...]
    on_delete: str
    on_update: str
    name: str = ""


@dataclass(frozen=True)
class Outbox:
    """Where entries go. ``truncated`` and ``missed`` are the sources of entries whose key is the table's name."""

    table: TableName
    truncated: str
    missed: str


def trigger_name(event: str, table: TableName, longest: int) -> str:
    """A trigger's name: readable, unique in its schema whatever the database makes of case, at most ``longest`` bytes."""
    plain = f"{PREFIX}{event}_{table.name}"
    if _PLAIN.fullmatch(table.name) and len(plain) <= longest:
        return plain
    digest = hashlib.sha256(table.name.encode()).hexdigest()[:10]
    kept = re.sub(r"[^a-z0-9_]", "_", table.name.lower())[: longest - len(PREFIX) - len(event) - 12]
    return f"{PREFIX}{event}_{kept}_{digest}"


def indented(statements: Sequence[str], by: str = "  ") -> str:
    """Statements of a body, each on lines of its own."""
    return "\n".join(by + line for statement in statements for line in statement.split("\n"))
