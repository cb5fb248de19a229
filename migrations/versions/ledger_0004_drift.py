"""The ledger's tables of verification and drift."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from changeover.ledger.tables import KeyText

revision = "ledger_0004"
down_revision = "ledger_0003"
branch_labels = None
depends_on = None

metadata = sa.MetaData()

_MYSQL: dict[str, Any] = {
    f"{name}_{option}": value
    for name in ("mysql", "mariadb")
    for option, value in (("charset", "utf8mb4"), ("collate", "utf8mb4_bin"), ("engine", "InnoDB"))
}

_Key = KeyText()
_Name = sa.String(200)
_Long = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
_Time = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
_Count = sa.BigInteger
_Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

sa.Table(
    "changeover_verification",
    metadata,
    sa.Column("id", _Serial, primary_key=True, autoincrement=True),
    sa.Column("scope", _Name, nullable=False, comment="of what: the same scope unfinished is gone on with"),
    sa.Column("depth", sa.String(10), nullable=False, comment="checksums, values"),
    sa.Column("started_at", _Time, nullable=False),
    sa.Column("finished_at", _Time),
    **_MYSQL,
)

sa.Table(
    "changeover_verified",
    metadata,
    sa.Column("mapping_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("range_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("verification_id", _Count, nullable=False, comment="the pass that looked at it last"),
    sa.Column("depth", sa.String(10), nullable=False, comment="checksums, values"),
    sa.Column("result", sa.String(10), nullable=False, comment="equal, drift, mended, hot, failed, copied"),
    sa.Column("fingerprint", sa.String(64), nullable=False, comment="of the mappings it was compared by"),
    sa.Column("compared", _Count, nullable=False, default=0, comment="rows, on the old side"),
    sa.Column("by_value", _Count, nullable=False, default=0, comment="of these, compared value by value"),
    sa.Column("missing", _Count, nullable=False, default=0),
    sa.Column("extra", _Count, nullable=False, default=0),
    sa.Column("different", _Count, nullable=False, default=0),
    sa.Column("rejected", _Count, nullable=False, default=0, comment="rows with open rejects: not compared"),
    sa.Column("hot", _Count, nullable=False, default=0, comment="rows with changes under way: not compared"),
    sa.Column("digest", sa.String(64), comment="of the open findings"),
    sa.Column("seconds", sa.Double, nullable=False, default=0.0),
    sa.Column("started_at", _Time, nullable=False),
    sa.Column("finished_at", _Time, nullable=False),
    sa.Column("error", _Long),
    **_MYSQL,
)

sa.Table(
    "changeover_drift",
    metadata,
    sa.Column("mapping_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("root_key", _Key, primary_key=True),
    sa.Column("range_no", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(10), nullable=False, comment="missing, extra, different"),
    sa.Column("column_names", _Long, nullable=False, comment="JSON list of those that differ"),
    sa.Column("state", sa.String(10), nullable=False, comment="open, mended, gone"),
    sa.Column("verification_id", _Count, nullable=False),
    sa.Column("first_seen", _Time, nullable=False),
    sa.Column("last_seen", _Time, nullable=False),
    sa.Column("closed_at", _Time),
    sa.Index("changeover_drift_range", "mapping_id", "state", "range_no"),
    **_MYSQL,
)


def upgrade() -> None:
    metadata.create_all(op.get_bind())


def downgrade() -> None:
    metadata.drop_all(op.get_bind())
