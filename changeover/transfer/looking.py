"""A look at the new database under the table lock: as it is at one moment, before the old database is read.

Whoever compares shares the lock with copiers. Were the old rows read first, a copier could read a row that changed in between, and
write it before the target is looked at: two sides that agree would look different. The target is therefore looked at first. Where
old rows have to be staged beside it, its state is kept by a snapshot until they are.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa

from changeover.project import Project


@contextmanager
def looking(project: Project, targets: Sequence[str]) -> Generator[sa.Connection]:
    """A connection to the new database whose statements all see the targets as they are now, with their locks held, shared.

    It can stage, and keeps nothing. Raises: the database's own error, transient, when the lock can't be had soon.
    """
    engine = project.new.engine
    with engine.connect() as guard, guard.begin() as held:
        project.dialect.lock(guard, targets, exclusive=False)
        if project.dialect.single_writer:
            # The lock is the write transaction itself, and nobody else writes while it is open.
            yield guard
            held.rollback()
            return
        # Not in the transaction that waited for the lock: its snapshot may be older than what it waited for.
        with engine.connect() as connection, connection.begin() as transaction:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            connection.exec_driver_sql("SELECT 1 FROM changeover_mapping LIMIT 1")
            yield connection
            transaction.rollback()
        held.rollback()
