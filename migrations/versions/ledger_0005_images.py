"""The ledger's tables of images: the manifest, and the rows that wait for what isn't stored."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from changeover.ledger.tables import KeyText
from migrations.resumed import create

revision = "ledger_0005"
down_revision = "ledger_0004"
branch_labels = None
depends_on = None

metadata = sa.MetaData()

_MYSQL: dict[str, Any] = {
    f"{name}_{option}": value
    for name in ("mysql", "mariadb")
    for option, value in (("charset", "utf8mb4"), ("collate", "utf8mb4_bin"), ("engine", "InnoDB"))
}

_Key = KeyText()
_Digest = KeyText(64)
_Set = sa.String(64)
_Column = sa.String(128)
_Long = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
_Time = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
_Count = sa.BigInteger

sa.Table(
    "changeover_image",
    metadata,
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

sa.Table(
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


def upgrade() -> None:
    create(metadata)


def downgrade() -> None:
    metadata.drop_all(op.get_bind())
