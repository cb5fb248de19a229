"""Up to which key changes made rows: a key above the last range belongs to no partition yet.

Such a row's root may vanish unnoticed (while its table's capture is broken) before any range covers it. Planning appends one then,
so that the row is looked at again.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from changeover.binding import Move
from changeover.ledger import sync as ledger
from changeover.transfer.apply import Record
from changeover.transfer.chunk import Applied


def noting(move: Move, keys: Sequence[str]) -> Record | None:
    """What notes the highest of these keys together with their rows. None for other keys than integers: of these, the links of
    roots that no range met are looked through at the end of each."""
    if not move.key.is_numbers:
        return None
    highest = max((move.key.decode(key) for key in keys), key=lambda values: tuple(map(int, values)))

    def note(target: sa.Connection, applied: Applied) -> None:
        if applied.inserted:
            ledger.rise(target, move.root, highest)

    return note
