"""The control tables, one definition for the engine and for the migration that creates them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.types import TypeEngine

LEDGER_VERSION = "ledger_0006"
"""The Alembic revision this code works with."""

metadata = sa.MetaData()

# SQLAlchemy reads the options of the dialect that the URL names, and of no other.
_MYSQL: dict[str, Any] = {
    f"{name}_{option}": value
    for name in ("mysql", "mariadb")
    for option, value in (("charset", "utf8mb4"), ("collate", "utf8mb4_bin"), ("engine", "InnoDB"))
}


class KeyText(sa.types.TypeDecorator[str]):
    """A root's key as text, stored so that bytes decide and trailing spaces count.

    1,024 bytes leave room in an InnoDB index of 3,072.
    """

    impl = sa.Text
    cache_ok = True

    def __init__(self, octets: int = 1024) -> None:
        super().__init__()
        self.octets = octets

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(mysql.VARBINARY(self.octets))
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TEXT(collation="C"))
        return dialect.type_descriptor(sa.Text())

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> Any:
        return value.encode() if value is not None and dialect.name in ("mysql", "mariadb") else value

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        return value.decode() if isinstance(value, (bytes, bytearray)) else value


_Key = KeyText()
_Digest = KeyText(64)
_Set = sa.String(64)
_Column = sa.String(128)
_Name = sa.String(200)
_Long = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
_Time = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
_Count = sa.BigInteger
_Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

mapping = sa.Table(
    "changeover_mapping",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("name", _Name, nullable=False, unique=True),
    sa.Column("root", _Name, nullable=False),
    sa.Column("target", _Name, nullable=False),
    sa.Column("planned_at", _Time, comment="when its root was last looked at for new ranges"),
    **_MYSQL,
)

table_lock = sa.Table(
    "changeover_table_lock", metadata, sa.Column("target", _Name, primary_key=True), **_MYSQL
)

range_ = sa.Table(
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
    sa.Column(
        "due",
        _Count,
        comment="what written, unchanged and rejected rows must add up to; NULL: copied before this was counted",
    ),
    sa.Column("bytes", _Count, nullable=False, default=0),
    sa.Column("seconds", sa.Double, nullable=False, default=0.0),
    sa.Column("started_at", _Time),
    sa.Column("finished_at", _Time),
    sa.Column("error", _Long),
    sa.UniqueConstraint("root", "name", name="changeover_range_name"),
    **_MYSQL,
)

id_map = sa.Table(
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
    # Who else leads to this row: by its id, or, where that is NULL, by its key.
    sa.Index("changeover_id_map_target", "target_id", "mapping_id", "target_key"),
    **_MYSQL,
)

reject = sa.Table(
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

capture = sa.Table(
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

sync = sa.Table(
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

sync_root = sa.Table(
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
    sa.Column("swept_at", _Time, comment="without triggers: when the last sweep ended"),
    sa.Column(
        "lag_keys", _Count, nullable=False, server_default="0", comment="keys in the outbox at the last beat"
    ),
    sa.Column(
        "lag_seconds", sa.Double, nullable=False, server_default="0", comment="age of the oldest of them"
    ),
    sa.Column(
        "rate",
        sa.Double,
        nullable=False,
        server_default="0",
        comment="keys applied a second before the last beat",
    ),
    sa.Column(
        "highest_key",
        sa.String(200),
        comment="the highest key of integers that live sync made rows of; JSON list",
    ),
    **_MYSQL,
)

verification = sa.Table(
    "changeover_verification",
    metadata,
    sa.Column("id", _Serial, primary_key=True, autoincrement=True),
    sa.Column("scope", _Name, nullable=False, comment="of what: the same scope unfinished is gone on with"),
    sa.Column("depth", sa.String(10), nullable=False, comment="checksums, values"),
    sa.Column("started_at", _Time, nullable=False),
    sa.Column("finished_at", _Time),
    **_MYSQL,
)

verified = sa.Table(
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

drift = sa.Table(
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

image = sa.Table(
    "changeover_image",
    metadata,
    # The digest comes first, and no other index begins with the set: planners without statistics look images up by digest then.
    sa.Column("digest", _Digest, primary_key=True, comment="sha256 of the URL in its normal form, in hex"),
    sa.Column("image_set", _Set, primary_key=True),
    sa.Column("url", _Long, nullable=False, comment="in its normal form"),
    sa.Column("original_url", _Long, nullable=False, comment="as it stood in the row that named it first"),
    sa.Column("state", sa.String(10), nullable=False, comment="wanted, stored, rejected, lost"),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("lease", sa.String(36), comment="of the run that moves it now"),
    sa.Column("leased_until", _Time),
    sa.Column(
        "image_key", _Key, comment="the object's; NULL: it was never stored. What rows hold comes from it"
    ),
    sa.Column("final_url", _Long, comment="after redirects"),
    sa.Column("bytes", _Count),
    sa.Column("media_type", sa.String(100), comment="by its content"),
    sa.Column("sha256", sa.String(64), comment="of the stored bytes, in hex"),
    sa.Column("width", sa.Integer),
    sa.Column("height", sa.Integer),
    sa.Column("etag", _Long, comment="the origin's, for a conditional request"),
    sa.Column("last_modified", _Long, comment="the origin's, as it wrote it"),
    sa.Column(
        "reason", sa.String(40), comment="why it was rejected, or could not be had at the last attempt"
    ),
    sa.Column("error", _Long),
    sa.Column("first_seen", _Time, nullable=False),
    sa.Column("stored_at", _Time),
    sa.Column("verified_at", _Time, comment="when the bucket was last asked for it"),
    sa.Index("changeover_image_key", "image_key"),
    sa.Index("changeover_image_lease", "lease"),
    **_MYSQL,
)

image_wait = sa.Table(
    "changeover_image_wait",
    metadata,
    sa.Column("mapping_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("root_key", _Key, primary_key=True),
    sa.Column("column_name", _Column, primary_key=True),
    sa.Column("digest", _Digest, primary_key=True, comment="as in changeover_image; of no URL, of the text"),
    sa.Column("image_set", _Set, nullable=False),
    sa.Column("url", _Long, comment="in its normal form; NULL: the text is no URL that may be fetched"),
    sa.Column("original_url", _Long, nullable=False, comment="as it stands in the row"),
    sa.Column("reason", _Long, comment="why it may not be fetched"),
    sa.Index("changeover_image_wait_digest", "digest", "image_set"),
    **_MYSQL,
)
