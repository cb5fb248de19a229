"""How far behind each root is, how fast it is kept up, and how many rows each range's counts must add up to."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "ledger_0003"
down_revision = "ledger_0002"
branch_labels = None
depends_on = None

_Time = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def _columns() -> dict[str, list[sa.Column[Any]]]:
    due = "what written, unchanged and rejected rows must add up to; NULL: copied before this was counted"
    rate = "keys applied a second before the last beat"
    zero: dict[str, Any] = {"nullable": False, "server_default": "0"}
    return {
        "changeover_range": [sa.Column("due", sa.BigInteger, comment=due)],
        "changeover_sync_root": [
            sa.Column("swept_at", _Time, comment="without triggers: when the last sweep ended"),
            sa.Column("lag_keys", sa.BigInteger, comment="keys in the outbox at the last beat", **zero),
            sa.Column("lag_seconds", sa.Double, comment="age of the oldest of them", **zero),
            sa.Column("rate", sa.Double, comment=rate, **zero),
        ],
    }


def upgrade() -> None:
    """Where each statement commits by itself, an interrupted upgrade leaves some of them done: the rest is made."""
    inspector = None if op.get_context().as_sql else sa.inspect(op.get_bind())
    for table, columns in _columns().items():
        there = {column["name"] for column in inspector.get_columns(table)} if inspector else set[str]()
        for column in columns:
            if column.name not in there:
                op.add_column(table, column)


def downgrade() -> None:
    for table, columns in _columns().items():
        for column in columns:
            op.drop_column(table, column.name)
