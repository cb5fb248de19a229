"""`tb_order_line`: a composite key, prices as text, and lines whose order or product is gone."""

from __future__ import annotations

import sqlalchemy as sa

from demo.old import column_types as old
from demo.old import images, texts, words
from demo.old.dirt import amount
from demo.old.sample import Rows, Sample, pick
from demo.old.shop.metadata import METADATA
from demo.old.shop.order import order_no

TABLE = sa.Table(
    "tb_order_line",
    METADATA,
    sa.Column("order_no", old.varchar(20), primary_key=True),
    sa.Column("line_no", old.small(), primary_key=True, autoincrement=False),
    sa.Column("prod_no", old.unsigned(), nullable=False),
    sa.Column("prod_nm", old.varchar(200), nullable=False),
    sa.Column("opt_txt", old.varchar(200), nullable=False),  # '색상=블랙;수량=1', ''
    sa.Column("qty", old.integer(), nullable=False),  # 0: cancelled by setting it to nought
    sa.Column("unit_amt", old.varchar(15), nullable=False),
    sa.Column("line_amt", old.decimal(12, 2), nullable=False),
    sa.Column("line_st", old.char(1), nullable=False),  # '0' ordered, '1' shipped, '2' returned
    sa.Column("img_url", old.varchar(300), nullable=False),
    sa.Index("ix_tb_order_line_prod_no", "prod_no"),
    **old.LEGACY_TABLE,
)

LINES = 41


def rows(sample: Sample) -> Rows:
    """One to four lines an order, the deleted orders included."""
    rng = sample.rng("tb_order_line")
    products = sample.count("tb_product")
    for n in range(1, sample.count("tb_order") + 1):
        order = order_no(sample, n)
        for line in range(1, sample.mix(LINES, n) % 4 + 2):
            dice = int(rng.random() * (1 << 32))
            product = int(rng.random() * products) + 1
            quantity = 0 if dice % 120 == 0 else (dice >> 8) % 3 + 1
            won = (dice % 90 + 5) * 1_000 + dice % 9 * 100
            yield (
                order,
                line,
                product,
                texts.goods_name(rng, product),
                f"색상={pick(rng, words.COLOURS)};사이즈={dice % 4}" if dice % 3 else "",
                quantity,
                amount(rng, won),
                f"{won * quantity}.00",
                ("0", "1", "1", "1", "2")[dice % 5],
                images.product_image(sample, rng, product, 1) if dice % 10 else "",
            )
