"""Rejects and notes of mappings that are no more: renamed, or removed. Nothing applies their roots again: a person closes them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from changeover.ledger.tables import image_wait, mapping, reject


@dataclass(frozen=True)
class Orphan:
    """A mapping that no longer exists, and how many of its rows have open rejects."""

    mapping: str
    root: str
    target: str
    rows: int


@dataclass(frozen=True)
class Closable(Orphan):
    """The same with how many of its rows have notes of images that they wait for."""

    images: int


def orphans(connection: sa.Connection, known: Collection[str]) -> list[Orphan]:
    """The mappings with open rejects that are not among ``known``, by name. What waits for images alone keeps nobody waiting."""
    rejects = _rows_of(connection, reject)
    return [
        Orphan(name, root, target, rejects[number])
        for number, name, root, target in _gone(connection, known)
        if number in rejects
    ]


def closable(connection: sa.Connection, known: Collection[str]) -> list[Closable]:
    """The mappings with open rejects or notes of images that are not among ``known``, by name."""
    rejects, notes = _rows_of(connection, reject), _rows_of(connection, image_wait)
    return [
        Closable(name, root, target, rejects.get(number, 0), notes.get(number, 0))
        for number, name, root, target in _gone(connection, known)
        if number in rejects or number in notes
    ]


def close(connection: sa.Connection, orphan: Orphan) -> None:
    """Forget the rejects and the notes of a mapping that is no more."""
    number = sa.select(mapping.c.id).where(mapping.c.name == orphan.mapping).scalar_subquery()
    for table in (reject, image_wait):
        connection.execute(sa.delete(table).where(table.c.mapping_id == number))


def _gone(connection: sa.Connection, known: Collection[str]) -> list[tuple[int, str, str, str]]:
    statement = sa.select(mapping.c.id, mapping.c.name, mapping.c.root, mapping.c.target)
    found = connection.execute(statement.order_by(mapping.c.name))
    return [(int(n), str(name), str(r), str(t)) for n, name, r, t in found if name not in known]


def _rows_of(connection: sa.Connection, table: sa.Table) -> dict[int, int]:
    """How many roots of each mapping it has."""
    roots = sa.func.count(sa.distinct(table.c.root_key))
    statement = sa.select(table.c.mapping_id, roots).group_by(table.c.mapping_id)
    return {int(number): int(rows) for number, rows in connection.execute(statement)}
