"""Where a look at a range has got to, for another process to go on from there."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from changeover.drift.tally import Tally
from changeover.keyset.key import KeyValues


@dataclass
class Place:
    """Of the range ``range_no`` of ``root`` everything up to ``position`` is looked at, by the mapping with this ``fingerprint``.

    ``swept`` says, by mapping, up to which key rows of roots that are gone were looked for besides; None: all of them.
    """

    verification_id: int
    root: str
    range_no: int
    fingerprint: str
    position: KeyValues | None
    started_at: datetime
    seconds: float = 0.0
    swept: dict[str, str | None] = field(default_factory=dict[str, "str | None"])
    tallies: dict[str, Tally] = field(default_factory=dict[str, Tally])

    def dump(self) -> str:
        """As text."""
        tallies = {name: tally.document() for name, tally in self.tallies.items()}
        return json.dumps({**vars(self), "started_at": self.started_at.isoformat(), "tallies": tallies})

    @classmethod
    def load(cls, text: str) -> Place:
        """What `dump` wrote. Raises: ValueError, KeyError or TypeError for any other text."""
        found: dict[str, Any] = json.loads(text)
        position = found["position"]
        return cls(
            verification_id=found["verification_id"],
            root=found["root"],
            range_no=found["range_no"],
            fingerprint=found["fingerprint"],
            position=None if position is None else tuple(position),
            started_at=datetime.fromisoformat(found["started_at"]),
            seconds=found["seconds"],
            swept=found["swept"],
            tallies={name: Tally.restored(one) for name, one in found["tallies"].items()},
        )
