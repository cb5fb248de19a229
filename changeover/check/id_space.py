"""The ids that a mapping's rows have in the target, where they follow from the root's integer key."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from changeover.check.case import Case
from changeover.check.probe import answer
from changeover.mapping import Keep, Offset


@dataclass(frozen=True)
class IdSpace:
    """Ids from ``lowest`` to ``highest``; both None while the root has no rows. ``shift`` is what the root's
    key is raised by."""

    shift: int
    lowest: int | None
    highest: int | None

    def overlaps(self, other: IdSpace) -> bool:
        """Whether some id may belong to both."""
        if self.lowest is None or self.highest is None or other.lowest is None or other.highest is None:
            return self.shift == other.shift
        return self.shift == other.shift or (self.lowest <= other.highest and other.lowest <= self.highest)


def id_space(case: Case) -> IdSpace | None:
    """The ids of a mapping that keeps or shifts them; None for other ids rules and for keys that are no integer."""
    ids = case.mapping.ids
    if (
        not isinstance(ids, (Keep, Offset))
        or case.key is None
        or case.schema is None
        or not case.key.is_number
    ):
        return None
    shift = ids.by if isinstance(ids, Offset) else 0
    column = case.mapping.root[case.key.columns[0].name]
    found = answer(
        case.schema, sa.select(sa.func.min(column), sa.func.max(column)).select_from(case.mapping.root.from_)
    )
    if found is None or found[0] is None:
        return IdSpace(shift, None, None)
    if not all(isinstance(end, int) for end in found):
        return None  # SQLite stores anything: `key-stored-otherwise` reports it
    return IdSpace(shift, int(found[0]) + shift, int(found[1]) + shift)
