"""Distributed transactions that were prepared before the triggers stood, and hold no table's lock.

MariaDB lets go of a table's lock when the client that prepared a transaction leaves, or the server is started again; the rows stay
changed and uncommitted. A trigger can be made beside it, a copier reads what was before, and the commit leaves no entry. So nothing
counts as watched while one of those is undecided that were there when the last trigger stood.
"""

from __future__ import annotations

import random
import time

import sqlalchemy as sa

from changeover.capture import statements
from changeover.capture.statements import PAUSE, OnStep, TableBusy
from changeover.dialects import Dialect


def await_decided(engine: sa.Engine, dialect: Dialect, say: OnStep) -> None:
    """Wait until all that is prepared now has been committed or rolled back. Those that come later saw the triggers.

    Raises: TableBusy when that takes longer than `statements.PATIENCE`.
    """
    until = time.monotonic() + statements.PATIENCE
    left = _prepared(engine, dialect)
    if left:
        say(f"waiting for prepared transactions: {', '.join(sorted(left))}")
    while left:
        if time.monotonic() > until:
            raise TableBusy(
                f"prepared transactions ({', '.join(sorted(left))}) are neither committed nor rolled back: they may have "
                "changed rows before the triggers stood; decide them (XA COMMIT or XA ROLLBACK), and install again"
            )
        time.sleep(random.uniform(*PAUSE))
        left &= _prepared(engine, dialect)


def _prepared(engine: sa.Engine, dialect: Dialect) -> set[str]:
    with engine.connect() as connection:
        return set(dialect.prepared(connection))
