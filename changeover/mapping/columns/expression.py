"""A renamed column, or anything SQL can say of the root and its joins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa


@dataclass(frozen=True, eq=False)
class Expression:
    """An SQLAlchemy Core expression over old tables, computed by the old database."""

    value: sa.ColumnElement[Any]
