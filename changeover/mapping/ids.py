"""Where a target row's primary key comes from.

``Keep`` and ``Offset`` reserve a part of the target's key space for the old database: a row of the target whose key lies
there and has no root is taken for the leftover of a deleted root. ``Assigned`` and ``Computed`` remember every root's
target in the id map instead.
"""

from __future__ import annotations

from dataclasses import dataclass

from changeover.mapping.given import are, is_number

LARGEST = 2**63 - 1
"""Of the integers that every database has."""


@dataclass(frozen=True)
class Keep:
    """The target's primary key is the root's key, column by column, in their order."""


@dataclass(frozen=True)
class Offset:
    """The target's integer key is the root's plus ``by``: for the second database of a merge.

    The target's counter is moved above the reserved part when the table is planned. ``by`` must leave room for the keys of
    the databases before it.
    """

    by: int

    def __post_init__(self) -> None:
        if not is_number(self.by, -LARGEST, LARGEST):
            raise ValueError(f"Offset(by={self.by!r}): expected a whole number that a BIGINT holds")


@dataclass(frozen=True)
class Assigned:
    """The new database gives each root a new id, never one it gives to the new application; the id map remembers it.

    ``match`` names target columns that identify a row across databases (an e-mail address): a root whose values there
    equal those of an existing row shares this row instead of making a new one. Of several mappings that feed a row, each
    column is written by the first (in the order of ``priority``, lowest first, and then as they are declared) that has it.

    ``duplicates`` says what to do with two roots of one mapping that match one row: ``reject`` the later, or let both lead
    to the row whose columns come from the root that was linked ``first``.
    """

    match: tuple[str, ...] = ()
    priority: int = 0
    duplicates: str = "reject"

    def __post_init__(self) -> None:
        if isinstance(self.match, str):
            object.__setattr__(self, "match", (self.match,))
        if not are(self.match, str):
            raise ValueError(f"Assigned(match={self.match!r}): expected names of the target's columns")
        if not is_number(self.priority, -LARGEST, LARGEST):
            raise ValueError(f"Assigned(priority={self.priority!r}): expected a whole number")
        if self.duplicates not in ("reject", "first"):
            raise ValueError(f"Assigned(duplicates={self.duplicates!r}): expected 'reject' or 'first'")


@dataclass(frozen=True)
class Computed:
    """The target's primary key is made of columns of the mapping (lookups, expressions); the id map remembers it."""


Ids = Keep | Offset | Assigned | Computed
