"""One old table: its definition and the rows it holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from demo.old.sample import Rows, Sample


@dataclass(frozen=True)
class OldTable:
    """A table of an old application, with the generator of its rows in key order."""

    table: sa.Table
    rows: Callable[[Sample], Rows]
