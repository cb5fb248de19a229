"""Making the ledger's tables, also where that was begun before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def create(metadata: sa.MetaData) -> None:
    """Where each statement commits by itself, an interrupted upgrade leaves some of them done: the rest is made."""
    connection = op.get_bind()
    if op.get_context().as_sql:
        metadata.create_all(connection, checkfirst=False)
        return
    inspector = sa.inspect(connection)
    for table in metadata.sorted_tables:
        if not inspector.has_table(table.name):
            table.create(connection, checkfirst=False)
            continue
        there = {index["name"] for index in inspector.get_indexes(table.name)}
        for index in table.indexes:
            if index.name not in there:
                index.create(connection)
