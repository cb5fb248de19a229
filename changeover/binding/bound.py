"""What a bound mapping is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from changeover.dialects import Dialect
from changeover.keyset.key import Key
from changeover.mapping import Assigned, Image, Mapping, Python
from changeover.schema import Referring, TableShape
from changeover.types.base import Kind

Identity = Literal["direct", "assigned", "mapped"]
"""``direct``: the root's integer key gives the target's, by itself. ``assigned``: the id map gives it. ``mapped``: columns
make it, and the id map remembers it."""


def key_text(dialect: Dialect) -> str:
    """SQL of the staged key as text, for a column that is made of nothing else."""
    return dialect.as_text("s.k")


@dataclass(frozen=True)
class BoundColumn:
    """A target column. ``value`` is the SQL it is given, ``staged`` the stage's columns it comes from."""

    name: str
    kind: Kind
    source: Kind
    value: str
    staged: tuple[str, ...]
    nullable: bool
    lookup: bool = False
    marked: bool = False
    """The old database may have marked the text as one that it could not compute."""

    @property
    def text(self) -> str:
        """The staged text's SQL, for columns that have just one."""
        return self.staged[0]


@dataclass(frozen=True)
class BoundLookup:
    """A foreign key's join: ``joined`` follows the stage in FROM; ``value`` is NULL where the parent is missing."""

    column: str
    alias: str
    joined: str
    value: str
    given: str
    """SQL: the row names a parent at all."""
    parent: str
    own: bool
    """The parent is a row of the same target."""
    on: tuple[tuple[str, str], ...] = ()
    """The parent's columns and the staged texts they are asked for; empty for a lookup through the id map."""
    returned: str = ""
    parsed: tuple[BoundColumn, ...] = ()
    """Those of the staged texts that the parent's columns, being no text, parse, and may not be able to."""
    kinds: tuple[Kind, ...] = ()
    """Of the parent's columns in ``on``; for a lookup through the id map, of the columns of its old key."""
    through: int | None = None
    """The mapping whose links in the id map it asks, by the ledger's number."""
    later: bool = False
    """The row is written without its parent as long as that isn't there, and waits."""


@dataclass(frozen=True)
class PythonColumn:
    """A column that a function makes: which fields of the block it reads, and how values are parsed and formatted."""

    target: str
    python: Python
    inputs: tuple[int, ...]
    kinds: tuple[Kind, ...]
    result: Kind
    staged: str


@dataclass(frozen=True)
class ImageColumn:
    """A column whose URLs become keys: the field of the block that names them, and which staged column the result is."""

    target: str
    image: Image
    input: int
    staged: str


@dataclass(frozen=True)
class Bound:
    """A mapping on live schemas."""

    mapping: Mapping
    id: int
    """The ledger's number for it."""
    old: TableShape
    new: TableShape
    key: Key
    identity: Identity
    identity_columns: tuple[str, ...]
    """The target's columns that tell its rows apart: its primary key."""
    offset: int
    owned: tuple[int | None, int | None]
    """Where ids are kept or shifted: above which and up to which key the target's rows are this mapping's; None is without end."""
    columns: tuple[BoundColumn, ...]
    lookups: tuple[BoundLookup, ...]
    pythons: tuple[PythonColumn, ...]
    read_fields: tuple[sa.ColumnElement[Any], ...]
    stage_columns: tuple[str, ...]
    dialect: Dialect
    images: tuple[ImageColumn, ...] = ()
    seniors: tuple[tuple[int, tuple[str, ...]], ...] = ()
    """Mappings that are asked first in a merge: their ids, and the columns each of them writes."""
    merged: tuple[tuple[int, tuple[str, ...]], ...] = ()
    """All other mappings that may share rows with this one, in the same form."""
    part: str = ""
    """Of which part of a chunk the stage is."""
    referring: tuple[Referring, ...] = ()
    """Foreign keys by which rows would be deleted or changed together with a target row."""

    @property
    def stage(self) -> str:
        """The name of its staging table."""
        return f"changeover_stage_{self.id}{self.part}"

    @property
    def assigned(self) -> Assigned | None:
        """The ids rule, when ids are assigned."""
        return self.mapping.ids if isinstance(self.mapping.ids, Assigned) else None

    @property
    def uses_id_map(self) -> bool:
        """Whether its roots are remembered in the id map."""
        return self.identity != "direct"

    def select(self, where: sa.ColumnElement[bool]) -> sa.Select[Any]:
        """The rows of the roots that ``where`` holds for, as canonical text, in key order."""
        root = self.mapping.root
        source: sa.FromClause = root.from_
        for join in self.mapping.joins:
            source = source.join(join.table.from_, join.on, isouter=join.outer)
        fields = [field.label(f"f{place}") for place, field in enumerate(self.read_fields)]
        statement = sa.select(*fields).select_from(source).where(where)
        if self.mapping.where is not None:
            statement = statement.where(self.mapping.where)
        return statement.order_by(*self.key.of(root))

    def made_of(self, place: int) -> str:
        """The target column that the field at ``place`` of a block makes; of several the first, none of the key."""
        staged = f"s.{self.dialect.quote(self.stage_columns[place])}"
        made = (column.name for column in self.columns if staged in column.staged)
        given = (column.target for column in self.pythons if place in column.inputs)
        images = (column.target for column in self.images if place == column.input)
        return next(made, next(given, next(images, "")))

    def column(self, name: str) -> BoundColumn:
        """The bound column of this name. Raises KeyError."""
        found = next((c for c in self.columns if c.name == name), None)
        if found is None:
            raise KeyError(name)
        return found
