"""Rejects of mappings that are no more: renamed, or removed. Nothing applies their roots again, so a person closes them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from changeover.ledger.tables import mapping, reject


@dataclass(frozen=True)
class Orphan:
    """A mapping that no longer exists, and how many of its rows have open rejects."""

    mapping: str
    root: str
    target: str
    rows: int


def orphans(connection: sa.Connection, known: Collection[str]) -> list[Orphan]:
    """The mappings with open rejects that are not among ``known``, by name."""
    statement = (
        sa.select(
            mapping.c.name, mapping.c.root, mapping.c.target, sa.func.count(sa.distinct(reject.c.root_key))
        )
        .join(reject, mapping.c.id == reject.c.mapping_id)
        .group_by(mapping.c.name, mapping.c.root, mapping.c.target)
        .order_by(mapping.c.name)
    )
    found = [Orphan(str(n), str(r), str(t), int(rows)) for n, r, t, rows in connection.execute(statement)]
    return [orphan for orphan in found if orphan.mapping not in known]


def close(connection: sa.Connection, orphan: Orphan) -> None:
    """Forget the rejects of a mapping that is no more."""
    number = sa.select(mapping.c.id).where(mapping.c.name == orphan.mapping).scalar_subquery()
    connection.execute(sa.delete(reject).where(reject.c.mapping_id == number))
