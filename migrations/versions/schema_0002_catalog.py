"""Categories with ids of their own, products, and the products' long texts.

Revision ID: schema_0002_catalog
Revises: schema_0001_member
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.column_types import NEW_TABLE, big_id, identifier, instant, json, long_text, money

revision = "schema_0002_catalog"
down_revision = "schema_0001_member"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "category",
        sa.Column("id", big_id(), primary_key=True, autoincrement=True),
        sa.Column("code", identifier(8), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("parent_id", big_id(), sa.ForeignKey("category.id", name="fk_category_parent")),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("sort_order", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("is_visible", sa.Boolean(), nullable=False),
        sa.Column("banner_url", sa.String(300)),
        sa.Column("created_at", instant(), nullable=False),
        sa.UniqueConstraint("code", name="uq_category_code"),
        sa.CheckConstraint("level BETWEEN 1 AND 3", name="ck_category_level"),
        sqlite_autoincrement=True,
        **NEW_TABLE,
    )
    op.create_index("ix_category_parent", "category", ["parent_id", "sort_order"])
    _create_product()
    op.create_table(
        "product_detail",
        sa.Column(
            "product_id",
            big_id(),
            sa.ForeignKey("product.id", name="fk_product_detail_product"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("description_html", long_text(), nullable=False),
        sa.Column("guide_html", long_text()),
        sa.Column("note", sa.Text()),
        sa.Column("video_url", sa.String(300)),
        **NEW_TABLE,
    )


def _create_product() -> None:
    op.create_table(
        "product",
        sa.Column("id", big_id(), primary_key=True, autoincrement=True),
        sa.Column("sku", identifier(20)),
        sa.Column(
            "category_id", big_id(), sa.ForeignKey("category.id", name="fk_product_category"), nullable=False
        ),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("name_en", sa.String(200)),
        sa.Column("maker", sa.String(100)),
        sa.Column("brand", sa.String(100)),
        sa.Column("origin_country", sa.String(2)),
        sa.Column("price", money()),
        sa.Column("cost", money()),
        sa.Column("discount_rate", sa.Numeric(5, 2), nullable=False),
        sa.Column("is_taxed", sa.Boolean(), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=False),
        sa.Column("weight_grams", sa.Integer()),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("is_visible", sa.Boolean(), nullable=False),
        sa.Column("is_adult", sa.Boolean(), nullable=False),
        sa.Column("sort_order", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("summary", sa.String(500)),
        sa.Column("main_image_url", sa.String(300)),
        sa.Column("list_image_url", sa.String(300)),
        sa.Column("images", json(), nullable=False),
        sa.Column("tags", json(), nullable=False),
        sa.Column("sale_starts_on", sa.Date()),
        sa.Column("sale_ends_on", sa.Date()),
        sa.Column("view_count", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("rating", sa.Numeric(3, 2)),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant()),
        sa.UniqueConstraint("sku", name="uq_product_sku"),
        sa.CheckConstraint("price >= 0", name="ck_product_price"),
        sa.CheckConstraint("discount_rate BETWEEN 0 AND 100", name="ck_product_discount_rate"),
        sa.CheckConstraint("stock >= 0", name="ck_product_stock"),
        sa.CheckConstraint(
            "status IN ('draft', 'on_sale', 'sold_out', 'discontinued')", name="ck_product_status"
        ),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name="ck_product_rating"),
        sqlite_autoincrement=True,
        **NEW_TABLE,
    )
    op.create_index("ix_product_category", "product", ["category_id", "sort_order"])
    op.create_index("ix_product_status", "product", ["status", "created_at"])


def downgrade() -> None:
    op.drop_table("product_detail")
    op.drop_table("product")
    op.drop_table("category")
