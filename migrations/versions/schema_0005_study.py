"""Studies with a progress of their own, who takes part, and the stretches of work.

Revision ID: schema_0005_study
Revises: schema_0004_community
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.column_types import NEW_TABLE, big_id, instant

revision = "schema_0005_study"
down_revision = "schema_0004_community"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "study",
        sa.Column("id", big_id(), primary_key=True, autoincrement=True),
        sa.Column("owner_id", big_id(), sa.ForeignKey("member.id", name="fk_study_owner"), nullable=False),
        sa.Column("title", sa.String(100), nullable=False),
        sa.Column("goal", sa.Text()),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("progress", sa.Numeric(5, 2), nullable=False),
        sa.Column("focus_minutes", sa.SmallInteger(), nullable=False),
        sa.Column("break_minutes", sa.SmallInteger(), nullable=False),
        sa.Column("capacity", sa.SmallInteger()),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("started_at", instant()),
        sa.Column("ended_at", instant()),
        sa.Column("created_at", instant(), nullable=False),
        sa.CheckConstraint("status IN ('planned', 'running', 'finished')", name="ck_study_status"),
        sa.CheckConstraint("progress BETWEEN 0 AND 100", name="ck_study_progress"),
        sqlite_autoincrement=True,
        **NEW_TABLE,
    )
    op.create_index("ix_study_owner", "study", ["owner_id"])
    op.create_table(
        "participation",
        sa.Column("id", big_id(), primary_key=True, autoincrement=True),
        sa.Column(
            "study_id", big_id(), sa.ForeignKey("study.id", name="fk_participation_study"), nullable=False
        ),
        sa.Column("member_id", big_id(), sa.ForeignKey("member.id", name="fk_participation_member")),
        sa.Column("nickname", sa.String(40), nullable=False),
        sa.Column("role", sa.String(6), nullable=False),
        sa.Column("joined_at", instant(), nullable=False),
        sa.Column("left_at", instant()),
        sa.UniqueConstraint("study_id", "member_id", name="uq_participation_member"),
        sa.CheckConstraint("role IN ('leader', 'member')", name="ck_participation_role"),
        sqlite_autoincrement=True,
        **NEW_TABLE,
    )
    op.create_index("ix_participation_member", "participation", ["member_id"])
    op.create_table(
        "focus_session",
        sa.Column("id", big_id(), primary_key=True, autoincrement=True),
        sa.Column(
            "participation_id",
            big_id(),
            sa.ForeignKey("participation.id", name="fk_focus_session_participation"),
            nullable=False,
        ),
        sa.Column("started_at", instant(), nullable=False),
        sa.Column("duration_seconds", sa.Integer(), nullable=False),
        sa.Column("is_completed", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(300)),
        sa.CheckConstraint("duration_seconds >= 0", name="ck_focus_session_duration"),
        sqlite_autoincrement=True,
        **NEW_TABLE,
    )
    op.create_index("ix_focus_session_participation", "focus_session", ["participation_id", "started_at"])


def downgrade() -> None:
    op.drop_table("focus_session")
    op.drop_table("participation")
    op.drop_table("study")
