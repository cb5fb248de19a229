"""Which tables the mappings read, write and number."""

from __future__ import annotations

from dataclasses import dataclass

from changeover.dialects import TableName
from changeover.ledger import metadata
from changeover.mapping import Computed, Registry
from changeover.mapping.references import references

VERSION_TABLE = TableName("changeover_version")
"""Where Alembic keeps the ledger's version."""


@dataclass(frozen=True)
class NewNeeds:
    """What the new database is used for. ``counted`` are those of ``targets`` whose own counter of ids is raised."""

    targets: tuple[TableName, ...]
    counted: tuple[TableName, ...]
    ledger: tuple[TableName, ...]
    version: TableName = VERSION_TABLE


def tables_read(registry: Registry, database: str) -> tuple[TableName, ...]:
    """The tables of an old database that its mappings read: roots, joins, and what subqueries look at."""
    found: set[TableName] = set()
    for mapping in registry.mappings:
        if mapping.database == database:
            found.add(TableName(mapping.root.name_, mapping.root.schema_))
            found.update(TableName(join.table.name_, join.table.schema_) for join in mapping.joins)
            found.update(reference.table for reference in references(mapping))
    return tuple(sorted(found, key=str))


def new_needs(registry: Registry) -> NewNeeds:
    """What the mappings need of the new database."""
    counted = {m.target for m in registry.mappings if not isinstance(m.ids, Computed)}
    return NewNeeds(
        targets=tuple(TableName.parse(target) for target in sorted(registry.targets)),
        counted=tuple(TableName.parse(target) for target in sorted(counted)),
        ledger=tuple(TableName(name) for name in sorted(metadata.tables)),
    )
