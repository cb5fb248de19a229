"""What triggers of direct mode are made of, for all databases: SQL of a target row over the changed row of its root.

They stand beside the triggers of the outbox, never in their place. A copier that read the root before the change may write the
target after the trigger did; only the entry, applied under the table lock, makes that good.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from changeover.dialects.base import TableName


@dataclass(frozen=True)
class Site:
    """Where direct mode would write. ``refused`` says why it can't, and is empty where it can."""

    refused: str = ""
    home: str = ""
    """The schema of new tables that are named without one."""
    guards: tuple[str, ...] = ()
    """SQL of what must hold of the application's session: where it doesn't, the row is left to the outbox."""
    risk: str = ""
    """What no trigger can spare the application there, and who installs has to accept."""


@dataclass(frozen=True)
class Receiver:
    """A target as a trigger that writes it must know it."""

    definition: str = ""
    """Changes when its columns, types or constraints do."""
    refused: str = ""
    """Why no trigger may write it; completes "table x …"."""
    deletes: bool = True
    """Its rows can be deleted without touching, or waiting for, rows that refer to them."""


@dataclass(frozen=True)
class Variable:
    """A variable and the SQL that it is set to."""

    name: str
    value: str


@dataclass(frozen=True)
class Found:
    """A variable and the row's column that it is set to: of ``table`` (``alias``), where ``on`` holds. NULL where there is none."""

    name: str
    column: str
    table: TableName
    alias: str
    on: str
    number: bool
    """It is a whole number, else a text."""


@dataclass(frozen=True)
class Parent:
    """A row that a foreign key of the target leads to: (its column, SQL of the value). With a NULL there is none."""

    table: TableName
    on: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TargetWrite:
    """How one target follows its root. ``NEW`` and ``OLD`` are the root's row; texts of its columns stand in variables."""

    table: TableName
    receiver: Receiver
    texts: tuple[Variable, ...]
    """Canonical texts over ``NEW``."""
    lookups: tuple[Found, ...]
    """Natural keys and parents' keys that are looked up; over the texts."""
    left: tuple[str, ...]
    """SQL, over texts and lookups: where one of it is true the row is left to the outbox."""
    key: tuple[tuple[str, str], ...]
    """The target's key columns, and what each is equal to in the row of ``NEW``."""
    old_texts: tuple[Variable, ...]
    old_key: tuple[tuple[str, str], ...]
    """The same for ``OLD``."""
    values: tuple[tuple[str, str], ...]
    """All columns that are written, the key's first, and their values."""
    wanted: str
    """SQL, never NULL: ``NEW`` has a target row. Empty where every root has one."""
    was_wanted: str
    """The same of ``OLD``."""
    parents: tuple[Parent, ...]

    @property
    def sets(self) -> tuple[tuple[str, str], ...]:
        """What an update sets."""
        keys = {name for name, _ in self.key}
        return tuple(pair for pair in self.values if pair[0] not in keys)


@dataclass(frozen=True)
class Direct:
    """A root whose changes are written at once; its targets stand parents first."""

    table: TableName
    moved: str
    """SQL, never NULL: the root's key was changed."""
    writes: tuple[TargetWrite, ...]
    guards: tuple[str, ...]
    settings: bool
    """Some text depends on settings of the session."""


def direct_name(table: str) -> TableName:
    """The table in whose name a trigger of direct mode is named: no table's own name gives the same."""
    return TableName(f"direct:{table}")


def rights(directs: Sequence[Direct]) -> dict[TableName, tuple[str, ...]]:
    """What the account that makes the triggers needs on the new side, by table."""
    found: dict[TableName, set[str]] = {}
    for write in (write for one in directs for write in one.writes):
        removes = ("DELETE",) if write.receiver.deletes else ()
        found.setdefault(write.table, set()).update(("SELECT", "INSERT", "UPDATE", *removes))
        for read in (*write.lookups, *write.parents):
            found.setdefault(read.table, set()).add("SELECT")
    order = ("SELECT", "INSERT", "UPDATE", "DELETE")
    return {table: tuple(one for one in order if one in held) for table, held in found.items()}
