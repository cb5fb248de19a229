"""The people of the shop and of the community, one row each.

Revision ID: schema_0001_member
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.column_types import NEW_TABLE, big_id, identifier, instant

revision = "schema_0001_member"
down_revision = None
branch_labels = ("schema",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "member",
        sa.Column("id", big_id(), primary_key=True, autoincrement=True),
        sa.Column("email", identifier(190), nullable=False),
        # What the shop knows.
        sa.Column("name", sa.String(50)),
        sa.Column("phone", sa.String(20)),
        sa.Column("birth_date", sa.Date()),
        sa.Column("gender", sa.String(6)),
        sa.Column("postal_code", sa.String(6)),
        sa.Column("address", sa.String(401)),
        sa.Column("grade", sa.String(6), nullable=False, server_default="basic"),
        sa.Column("point_balance", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("accepts_sms", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("accepts_mail", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("is_dormant", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("note", sa.Text()),
        sa.Column("shop_joined_at", instant()),
        sa.Column("shop_seen_at", instant()),
        # What the community knows.
        sa.Column("nickname", sa.String(40)),
        sa.Column("bio", sa.Text()),
        sa.Column("avatar_url", sa.String(300)),
        sa.Column("reputation", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("community_level", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("is_profile_public", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("community_joined_at", instant()),
        sa.Column("community_seen_at", instant()),
        sa.UniqueConstraint("email", name="uq_member_email"),
        sa.CheckConstraint("email = lower(email)", name="ck_member_email"),
        sa.CheckConstraint("gender IN ('female', 'male')", name="ck_member_gender"),
        sa.CheckConstraint("grade IN ('basic', 'silver', 'gold', 'vip')", name="ck_member_grade"),
        sa.CheckConstraint("point_balance >= 0", name="ck_member_point_balance"),
        sqlite_autoincrement=True,
        **NEW_TABLE,
    )
    op.create_index("ix_member_nickname", "member", ["nickname"])
    op.create_index("ix_member_phone", "member", ["phone"])


def downgrade() -> None:
    op.drop_table("member")
