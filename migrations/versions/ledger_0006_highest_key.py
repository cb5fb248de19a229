"""Up to which key live sync made rows, where that is above the last range."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0006"
down_revision = "ledger_0005"
branch_labels = None
depends_on = None

_TABLE = "changeover_sync_root"
_COMMENT = "the highest key of integers that live sync made rows of; JSON list"


def upgrade() -> None:
    """Where each statement commits by itself, an interrupted upgrade may have made it."""
    inspector = None if op.get_context().as_sql else sa.inspect(op.get_bind())
    if inspector is None or "highest_key" not in {c["name"] for c in inspector.get_columns(_TABLE)}:
        op.add_column(_TABLE, sa.Column("highest_key", sa.String(200), comment=_COMMENT))


def downgrade() -> None:
    op.drop_column(_TABLE, "highest_key")
