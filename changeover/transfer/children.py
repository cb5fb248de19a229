"""Old rows that name a root which left the row it shared: what they look up has changed, though nobody changed them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from changeover.binding import Bound, BoundLookup
from changeover.keyset.key import Key
from changeover.mapping import Lookup
from changeover.project import Project
from changeover.transfer.part import Root
from changeover.transfer.statements import key_text, parts


def children(project: Project, parent: Bound, keys: Sequence[str]) -> list[Root]:
    """The roots whose lookups go through the links of these roots of ``parent``, by their old databases."""
    if not keys:
        return []
    found = {
        (bound.id, key)
        for move in project.moves.values()
        for bound in move.bounds
        for one in bound.lookups
        if one.through == parent.id
        for key in _children(project, bound, one, parent, keys)
    }
    return sorted(found)


def _children(
    project: Project, bound: Bound, one: BoundLookup, parent: Bound, keys: Sequence[str]
) -> Iterator[str]:
    made = bound.mapping.columns[one.column]
    assert isinstance(made, Lookup)
    root = bound.mapping.root
    tables: sa.FromClause = root.from_
    for join in bound.mapping.joins:
        tables = tables.join(join.table.from_, join.on, isouter=join.outer)
    key = Key(parent.key.columns, bound.key.family)
    engine = project.old[bound.mapping.database].engine
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as source:
        for part in parts(keys):
            same = [
                sa.and_(
                    *(
                        v == literal
                        for v, literal in zip(made.values, key.literals(key.decode(k)), strict=True)
                    )
                )
                for k in part
            ]
            statement = sa.select(bound.key.encoded(root)).select_from(tables).where(sa.or_(*same))
            yield from map(key_text, source.execute(statement).scalars())
