"""Coupons, orders and their lines.

Revision ID: schema_0003_sales
Revises: schema_0002_catalog
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.column_types import NEW_TABLE, big_id, identifier, instant, money

revision = "schema_0003_sales"
down_revision = "schema_0002_catalog"
branch_labels = None
depends_on = None


COUPON_STATUS = sa.Enum("issued", "used", "expired", "revoked", name="coupon_status", create_constraint=True)


def upgrade() -> None:
    op.create_table(
        "coupon",
        sa.Column("id", big_id(), primary_key=True, autoincrement=True),
        sa.Column("code", identifier(24), nullable=False),
        sa.Column("member_id", big_id(), sa.ForeignKey("member.id", name="fk_coupon_member")),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("discount_value", money(), nullable=False),
        sa.Column("status", COUPON_STATUS, nullable=False),
        sa.Column("issued_at", instant(), nullable=False),
        sa.Column("used_at", instant()),
        sa.Column("expires_on", sa.Date()),
        sa.Column("memo", sa.String(200)),
        sa.UniqueConstraint("code", name="uq_coupon_code"),
        sa.CheckConstraint("kind IN ('rate', 'amount', 'shipping')", name="ck_coupon_kind"),
        sa.CheckConstraint("discount_value >= 0", name="ck_coupon_discount_value"),
        sqlite_autoincrement=True,
        **NEW_TABLE,
    )
    op.create_index("ix_coupon_member", "coupon", ["member_id"])
    op.create_index("ix_coupon_status", "coupon", ["status", "expires_on"])
    _create_orders()
    _create_order_line()


def _create_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("order_no", identifier(20), primary_key=True),
        sa.Column("member_id", big_id(), sa.ForeignKey("member.id", name="fk_orders_member")),
        sa.Column("buyer_name", sa.String(50), nullable=False),
        sa.Column("buyer_email", sa.String(120)),
        sa.Column("buyer_phone", sa.String(20)),
        sa.Column("recipient_name", sa.String(50), nullable=False),
        sa.Column("postal_code", sa.String(6)),
        sa.Column("address", sa.String(401), nullable=False),
        sa.Column("status", sa.String(9), nullable=False),
        sa.Column("payment_method", sa.String(10)),
        sa.Column("total_amount", money(), nullable=False),
        sa.Column("delivery_fee", money(), nullable=False),
        sa.Column("points_used", sa.Integer(), nullable=False),
        sa.Column("is_gift", sa.Boolean(), nullable=False),
        sa.Column("memo", sa.Text()),
        sa.Column("ordered_at", instant(), nullable=False),
        sa.Column("paid_at", instant()),
        sa.Column("delivered_at", instant()),
        sa.CheckConstraint(
            "status IN ('placed', 'paid', 'shipped', 'delivered', 'cancelled')", name="ck_orders_status"
        ),
        sa.CheckConstraint("payment_method IN ('card', 'bank', 'phone')", name="ck_orders_payment_method"),
        sa.CheckConstraint("total_amount >= 0", name="ck_orders_total_amount"),
        **NEW_TABLE,
    )
    op.create_index("ix_orders_member", "orders", ["member_id", "ordered_at"])
    op.create_index("ix_orders_status", "orders", ["status", "ordered_at"])


def _create_order_line() -> None:
    op.create_table(
        "order_line",
        sa.Column(
            "order_no",
            identifier(20),
            sa.ForeignKey("orders.order_no", name="fk_order_line_orders"),
            primary_key=True,
        ),
        sa.Column("line_no", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("product_id", big_id(), sa.ForeignKey("product.id", name="fk_order_line_product")),
        sa.Column("product_name", sa.String(200), nullable=False),
        sa.Column("option_text", sa.String(200)),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price", money(), nullable=False),
        sa.Column("amount", money(), nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("image_url", sa.String(300)),
        sa.CheckConstraint("quantity > 0", name="ck_order_line_quantity"),
        sa.CheckConstraint("status IN ('ordered', 'shipped', 'returned')", name="ck_order_line_status"),
        **NEW_TABLE,
    )
    op.create_index("ix_order_line_product", "order_line", ["product_id"])


def downgrade() -> None:
    op.drop_table("order_line")
    op.drop_table("orders")
    op.drop_table("coupon")
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP TYPE coupon_status")
