"""The tables that are measured: a coupon table of 8 columns, about 170 bytes a row and two secondary indexes, and its members.

On the way to the new database a column is renamed, a code becomes a word, and the member's id is another one.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

MEMBERS = 50_000
FIRST_COUPON, FIRST_MEMBER = 10_000_001, 100_001
"""All keys have as many digits: a page's cost is then its place's, not its text's."""

STATES = {"0": "issued", "1": "used", "2": "expired"}

_big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_precise = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
_utf8mb4: dict[str, Any] = {f"{name}_charset": "utf8mb4" for name in ("mysql", "mariadb")}

OLD = sa.MetaData()

old_member = sa.Table(
    "tb_member",
    OLD,
    sa.Column("mem_no", sa.Integer, primary_key=True),
    sa.Column("email", sa.String(100), nullable=False),
    **_utf8mb4,
)


def _coupons(name: str, *constraints: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(
        name,
        OLD,
        sa.Column("cpn_no", sa.Integer, nullable=False),
        sa.Column("cpn_cd", sa.String(40), nullable=False),
        sa.Column("mem_no", sa.Integer, nullable=False),
        sa.Column("st", sa.SmallInteger, nullable=False),
        sa.Column("price", sa.Numeric(10, 2)),
        sa.Column("memo", sa.String(200)),
        sa.Column("created", _precise),
        sa.Column("expires", sa.DateTime),
        *constraints,
        **_utf8mb4,
    )


old_coupon = _coupons(
    "tb_coupon",
    sa.PrimaryKeyConstraint("cpn_no"),
    sa.Index("tb_coupon_member", "mem_no"),
    sa.Index("tb_coupon_code", "cpn_cd"),
)
# The same rows under keys that databases walk differently.
coupon_by_member = _coupons("tb_coupon_by_member", sa.PrimaryKeyConstraint("mem_no", "cpn_no"))
coupon_by_code = _coupons("tb_coupon_by_code", sa.PrimaryKeyConstraint("cpn_cd"))

NEW = sa.MetaData()

new_member = sa.Table(
    "member",
    NEW,
    sa.Column("id", _big, primary_key=True, autoincrement=True),
    sa.Column("email", sa.String(100), nullable=False),
    **_utf8mb4,
)

new_coupon = sa.Table(
    "coupon",
    NEW,
    sa.Column("id", _big, primary_key=True, autoincrement=False),
    sa.Column("code", sa.String(40), nullable=False, index=True),
    sa.Column("member_id", _big, sa.ForeignKey("member.id"), nullable=False, index=True),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("price", sa.Numeric(10, 2)),
    sa.Column("memo", sa.String(200)),
    sa.Column("created_at", _precise),
    sa.Column("expires_at", sa.DateTime),
    **_utf8mb4,
)
