"""An expression that goes into a smaller column, with consent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from changeover.mapping.expressions import expression


@dataclass(frozen=True, eq=False)
class Narrow:
    """An expression whose type is larger than its target's: rows that don't fit are rejected, never cut."""

    value: sa.ColumnElement[Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", expression("narrow()", self.value))


def narrow(value: sa.ColumnElement[Any]) -> Narrow:
    """Allow ``value`` into a smaller column: each row that does not fit becomes a reject, none is changed."""
    return Narrow(value)
