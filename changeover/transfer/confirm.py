"""The last word before a delete: the old database is asked for the very keys that are to go.

That they were not among the keys that were read says only that they were not spelled so. A key that is found under another
spelling means that the two sides write it differently, and that nothing at all may be concluded from its absence.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from changeover.binding import Bound
from changeover.errors import MappingError
from changeover.transfer.chunk import Keys, Selection
from changeover.transfer.reading import present
from changeover.transfer.statements import parts


def confirmed(source: sa.Connection, bound: Bound, selection: Selection, keys: Sequence[str]) -> list[str]:
    """Those of the keys, which a span lacks, that the old database has no row for. One that came meanwhile is left alone.

    Raises: MappingError when it has one and spells it otherwise.
    """
    if isinstance(selection, Keys):
        return list(keys)  # asked for by key in the first place
    gone: list[str] = []
    for part in parts(keys):
        there = present(source, bound, part)
        same_spelling(bound, there, part)
        gone += [key for key in part if key not in there]
    return gone


def same_spelling(bound: Bound, found: set[str], asked: Sequence[str]) -> None:
    """Raises MappingError when an integer key was asked for and answered in two spellings. Collations find others, and may."""
    if bound.key.is_numbers and not found <= set(asked):
        names = ", ".join(column.name for column in bound.key.columns)
        raise MappingError(
            f"mapping {bound.mapping.name}: the key ({names}) of {bound.mapping.root_name} is written in two ways, so that rows "
            "which are there look deleted; nothing was deleted. Name another unique set of columns with key=(…), and report this"
        )
