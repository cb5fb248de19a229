"""Posts and comments.

Revision ID: schema_0004_community
Revises: schema_0003_sales
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.column_types import NEW_TABLE, big_id, instant, long_text

revision = "schema_0004_community"
down_revision = "schema_0003_sales"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "post",
        sa.Column("id", big_id(), primary_key=True, autoincrement=True),
        sa.Column("author_id", big_id(), sa.ForeignKey("member.id", name="fk_post_author")),
        sa.Column("author_name", sa.String(40), nullable=False),
        sa.Column("board", sa.String(8), nullable=False),
        sa.Column("title", sa.String(255), nullable=False),
        sa.Column("body", long_text(), nullable=False),
        sa.Column("view_count", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("like_count", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("dislike_count", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("is_notice", sa.Boolean(), nullable=False),
        sa.Column("is_secret", sa.Boolean(), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant()),
        sa.CheckConstraint("board IN ('free', 'qna', 'review', 'notice')", name="ck_post_board"),
        sqlite_autoincrement=True,
        **NEW_TABLE,
    )
    op.create_index("ix_post_board", "post", ["board", "created_at"])
    op.create_index("ix_post_author", "post", ["author_id"])
    op.create_table(
        "comment",
        sa.Column("id", big_id(), primary_key=True, autoincrement=True),
        sa.Column("post_id", big_id(), sa.ForeignKey("post.id", name="fk_comment_post"), nullable=False),
        sa.Column("parent_id", big_id(), sa.ForeignKey("comment.id", name="fk_comment_parent")),
        sa.Column("author_id", big_id(), sa.ForeignKey("member.id", name="fk_comment_author")),
        sa.Column("author_name", sa.String(40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("like_count", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("is_secret", sa.Boolean(), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant()),
        sqlite_autoincrement=True,
        **NEW_TABLE,
    )
    op.create_index("ix_comment_post", "comment", ["post_id", "created_at"])
    op.create_index("ix_comment_parent", "comment", ["parent_id"])
    op.create_index("ix_comment_author", "comment", ["author_id"])


def downgrade() -> None:
    op.drop_table("comment")
    op.drop_table("post")
