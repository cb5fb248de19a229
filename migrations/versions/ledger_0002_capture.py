"""The ledger's tables of capture and live sync."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "ledger_0002"
down_revision = "ledger_0001"
branch_labels = None
depends_on = None

metadata = sa.MetaData()

_MYSQL: dict[str, Any] = {
    f"{name}_{option}": value
    for name in ("mysql", "mariadb")
    for option, value in (("charset", "utf8mb4"), ("collate", "utf8mb4_bin"), ("engine", "InnoDB"))
}

_Name = sa.String(200)
_Long = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
_Time = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
_Count = sa.BigInteger

sa.Table(
    "changeover_capture",
    metadata,
    sa.Column("database", _Name, primary_key=True),
    sa.Column(
        "table_name", _Name, primary_key=True, comment="of the old database; schema.table where it has one"
    ),
    sa.Column("state", sa.String(10), nullable=False, comment="installing, installed, broken"),
    sa.Column(
        "fingerprint", sa.String(64), nullable=False, default="", comment="of the table and its triggers"
    ),
    sa.Column("reason", _Long, comment="why it is broken"),
    sa.Column("installed_at", _Time),
    sa.Column("checked_at", _Time),
    **_MYSQL,
)

sa.Table(
    "changeover_sync",
    metadata,
    sa.Column("database", _Name, primary_key=True),
    sa.Column("mode", sa.String(15), nullable=False, comment="outbox, incremental"),
    sa.Column("state", sa.String(10), nullable=False, comment="running, stopped, failed"),
    sa.Column("token", sa.String(36), comment="of the process that runs it; another token means: taken over"),
    sa.Column("started_at", _Time),
    sa.Column("beat_at", _Time, comment="when it was last seen alive"),
    sa.Column(
        "lag_keys", _Count, nullable=False, default=0, comment="keys in the outbox when it last looked"
    ),
    sa.Column("lag_seconds", sa.Double, nullable=False, default=0.0, comment="age of the oldest of them"),
    sa.Column("error", _Long),
    **_MYSQL,
)

sa.Table(
    "changeover_sync_root",
    metadata,
    sa.Column("root", _Name, primary_key=True),
    sa.Column("keys_applied", _Count, nullable=False, default=0),
    sa.Column("inserted", _Count, nullable=False, default=0),
    sa.Column("updated", _Count, nullable=False, default=0),
    sa.Column("deleted", _Count, nullable=False, default=0),
    sa.Column("rejected", _Count, nullable=False, default=0),
    sa.Column("seconds", sa.Double, nullable=False, default=0.0, comment="spent on applying"),
    sa.Column("applied_at", _Time),
    sa.Column("high_water", _Long, comment="without triggers: up to where its column was read"),
    **_MYSQL,
)


def upgrade() -> None:
    metadata.create_all(op.get_bind())


def downgrade() -> None:
    metadata.drop_all(op.get_bind())
