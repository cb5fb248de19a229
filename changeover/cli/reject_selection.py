"""Whose rejects are meant: mappings that exist, and those that no longer do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from changeover.errors import ConfigurationError
from changeover.ledger.orphans import Closable, Orphan, closable, orphans
from changeover.mapping import Registry


@dataclass(frozen=True)
class Chosen:
    """Mappings by name; ``orphans`` are those of them that no longer exist and have rejects."""

    names: tuple[str, ...]
    orphans: tuple[Orphan, ...]


def choose(connection: sa.Connection, registry: Registry, words: Sequence[str]) -> Chosen:
    """The mappings that ``words`` mean, all where there are none. Raises ConfigurationError for a word that means nothing."""
    gone = orphans(connection, {m.name for m in registry.mappings})
    meant = [
        orphan for orphan in gone if not words or {orphan.mapping, orphan.target, orphan.root} & set(words)
    ]
    lost = {word for orphan in meant for word in (orphan.mapping, orphan.target, orphan.root)}
    known = [word for word in words if registry.has(word) or word not in lost]
    there = registry.select(known).mappings if known or not words else ()
    return Chosen((*(m.name for m in there), *(orphan.mapping for orphan in meant)), tuple(meant))


def orphan_named(connection: sa.Connection, registry: Registry, name: str) -> Closable:
    """The mapping of this name that no longer exists. Raises ConfigurationError for another, saying what to do."""
    if any(m.name == name for m in registry.mappings):
        raise ConfigurationError(
            f"mapping {name} exists: `changeover rejects retry {name}` closes those of its rejects that were mended"
        )
    gone = closable(connection, {m.name for m in registry.mappings})
    found = next((orphan for orphan in gone if orphan.mapping == name), None)
    if found is None:
        there = ", ".join(orphan.mapping for orphan in gone) or "none"
        raise ConfigurationError(
            f"no mapping that no longer exists, and has rejects or rows that wait for images, is named {name!r}; there are: {there}"
        )
    return found
