"""The ledger: Changeover's control tables in the new database.

Written out, not taken from `changeover.ledger.tables`: a revision stays what it was when the tables move on. A test holds the
two together.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from changeover.ledger.tables import KeyText
from migrations.resumed import create

revision = "ledger_0001"
down_revision = None
branch_labels = ("ledger",)
depends_on = None

# SQLAlchemy reads the options of the dialect that the URL names, and of no other.
_MYSQL: dict[str, Any] = {
    f"{name}_{option}": value
    for name in ("mysql", "mariadb")
    for option, value in (("charset", "utf8mb4"), ("collate", "utf8mb4_bin"), ("engine", "InnoDB"))
}

metadata = sa.MetaData()

_Key = KeyText()
_Name = sa.String(200)
_Long = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
_Time = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
_Count = sa.BigInteger
_Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

sa.Table(
    "changeover_mapping",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("name", _Name, nullable=False, unique=True),
    sa.Column("root", _Name, nullable=False),
    sa.Column("target", _Name, nullable=False),
    sa.Column("planned_at", _Time, comment="when its root was last looked at for new ranges"),
    **_MYSQL,
)

sa.Table("changeover_table_lock", metadata, sa.Column("target", _Name, primary_key=True), **_MYSQL)

sa.Table(
    "changeover_range",
    metadata,
    sa.Column("root", _Name, primary_key=True),
    sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", _Name, nullable=False),
    sa.Column("lower_key", _Long, comment="exclusive; JSON list of canonical texts; NULL: open below"),
    sa.Column("upper_key", _Long, nullable=False, comment="inclusive"),
    sa.Column("rows_planned", _Count, nullable=False),
    sa.Column("status", sa.String(10), nullable=False, comment="planned, running, failed, done"),
    sa.Column("token", sa.String(36), comment="of the run that works on it; another token means: taken over"),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("position", _Long, comment="the last committed chunk's upper key"),
    sa.Column("fingerprint", sa.String(64), comment="of the mappings the rows were written by"),
    sa.Column("rows_read", _Count, nullable=False, default=0),
    sa.Column("inserted", _Count, nullable=False, default=0),
    sa.Column("updated", _Count, nullable=False, default=0),
    sa.Column("unchanged", _Count, nullable=False, default=0),
    sa.Column("deleted", _Count, nullable=False, default=0),
    sa.Column("rejected", _Count, nullable=False, default=0),
    sa.Column("bytes", _Count, nullable=False, default=0),
    sa.Column("seconds", sa.Double, nullable=False, default=0.0),
    sa.Column("started_at", _Time),
    sa.Column("finished_at", _Time),
    sa.Column("error", _Long),
    sa.UniqueConstraint("root", "name", name="changeover_range_name"),
    **_MYSQL,
)

sa.Table(
    "changeover_id_map",
    metadata,
    sa.Column("mapping_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("root_key", _Key, primary_key=True),
    sa.Column("root_number", sa.Numeric(20, 0), comment="the key, where it is one integer"),
    sa.Column("range_no", sa.Integer),
    sa.Column("target_id", sa.BigInteger),
    sa.Column("target_key", _Key, comment="the target's key, where it is not target_id"),
    # One index for two questions: which roots lie between two numbers; which roots, of keys that are no number, a range has.
    sa.Index("changeover_id_map_root", "mapping_id", "root_number", "range_no"),
    sa.Index("changeover_id_map_target", "target_id", "mapping_id", "target_key"),
    **_MYSQL,
)

sa.Table(
    "changeover_reject",
    metadata,
    sa.Column("id", _Serial, primary_key=True, autoincrement=True),
    sa.Column("mapping_id", sa.Integer, nullable=False),
    sa.Column("root_key", _Key, nullable=False),
    sa.Column("column_name", _Name, nullable=False, default=""),
    sa.Column("kind", sa.String(10), nullable=False, comment="value, conflict, waiting, referenced"),
    sa.Column("reason", _Long, nullable=False),
    sa.Column("value", _Long),
    sa.Column("range_no", sa.Integer),
    sa.Column("attempts", sa.Integer, nullable=False, default=1),
    sa.Column("first_seen", _Time, nullable=False),
    sa.Column("last_seen", _Time, nullable=False),
    sa.UniqueConstraint("mapping_id", "root_key", "column_name", name="changeover_reject_row"),
    sa.Index("changeover_reject_range", "mapping_id", "range_no"),
    **_MYSQL,
)


def upgrade() -> None:
    create(metadata)


def downgrade() -> None:
    metadata.drop_all(op.get_bind(), checkfirst=False)
