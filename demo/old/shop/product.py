"""`tb_product`: thirty-four columns that grew over the years, long texts and picture URLs among them."""

from __future__ import annotations

import random

import sqlalchemy as sa

from demo.old import column_types as old
from demo.old import images, moments, texts, words
from demo.old.dirt import amount, awkward, spelled_code, yes_or_no
from demo.old.sample import Row, Rows, Sample, pick
from demo.old.shop.category import codes
from demo.old.shop.metadata import METADATA

TABLE = sa.Table(
    "tb_product",
    METADATA,
    sa.Column("prod_no", old.key(), primary_key=True),
    sa.Column("prod_cd", old.varchar(20), nullable=False),
    sa.Column("cat_cd", old.varchar(8), nullable=False),
    sa.Column("prod_nm", old.varchar(200), nullable=False),
    sa.Column("prod_nm_en", old.latin1(200), nullable=True),
    sa.Column("maker_nm", old.utf8mb3(100), nullable=False),
    sa.Column("brand_nm", old.utf8mb3(100), nullable=False),
    sa.Column("origin_cd", old.char(2), nullable=False),
    sa.Column("price_txt", old.varchar(20), nullable=False),  # '12,900', '12900', '12,900원', '가격문의'
    sa.Column("cost_amt", old.decimal(12, 2), nullable=True),
    sa.Column("disc_rate", old.decimal(5, 2), nullable=False),
    sa.Column("tax_yn", old.char(1), nullable=False),
    sa.Column("stock_qty", old.integer(), nullable=False),  # below 0 where more was sold than there was
    sa.Column("weight_g", old.unsigned(), nullable=True),
    sa.Column("sell_st", old.char(1), nullable=False),  # '0' draft, '1' on sale, '2' sold out, '9' ended
    sa.Column("disp_yn", old.char(1), nullable=False),
    sa.Column("adult_fl", old.flag(), nullable=False),
    sa.Column("sort_no", old.integer(), nullable=False),
    sa.Column("summary", old.varchar(500), nullable=False),
    sa.Column("detail_html", old.medium_text(), nullable=False),
    sa.Column("guide_html", old.text(), nullable=True),
    sa.Column("memo", old.text(), nullable=True),
    sa.Column("img_main", old.varchar(300), nullable=False),
    sa.Column("img_list", old.varchar(300), nullable=False),
    sa.Column("img_etc", old.text(), nullable=False),  # URLs with | between them
    sa.Column("kw_txt", old.varchar(300), nullable=False),  # '#여름, 신상;sale'
    sa.Column("video_url", old.varchar(300), nullable=False),
    sa.Column("sale_bgn_ymd", old.char(8), nullable=False),  # '', '00000000'
    sa.Column("sale_end_ymd", old.char(8), nullable=False),  # '99991231': no end
    sa.Column("view_cnt", old.unsigned(), nullable=False),
    sa.Column("rating_avg", old.double(), nullable=False),  # 0: nobody rated it
    sa.Column("reg_id", old.latin1(20), nullable=False),
    sa.Column("reg_dt", old.datetime(), nullable=False),
    sa.Column("upd_dt", old.datetime(), nullable=False),
    sa.Index("ix_tb_product_prod_cd", "prod_cd"),
    sa.Index("ix_tb_product_cat_cd", "cat_cd"),
    **old.LEGACY_TABLE,
)

GAP, GONE_CATEGORIES = 51, ("ZZ01", "X9901", "")


def rows(sample: Sample) -> Rows:
    """The products in key order; 2 % of the numbers are gaps."""
    rng = sample.rng("tb_product")
    leaves = [code for code in codes() if len(code) == 5]
    for number in range(1, sample.count("tb_product") + 1):
        if not sample.one_in(50, GAP, number):
            yield _naming(rng, number, leaves) + _selling(rng) + _texts(sample, rng, number)


def _naming(rng: random.Random, number: int, leaves: list[str]) -> Row:
    category = spelled_code(pick(rng, leaves), number // 3) if number % 120 else pick(rng, GONE_CATEGORIES)
    return (
        number,
        spelled_code(f"P{number:07d}", number) if number % 70 else "",
        category,
        texts.goods_name(rng, number),
        pick(rng, words.ENGLISH_GOODS) if rng.random() < 0.6 else None,
        pick(rng, words.MAKERS) if rng.random() < 0.8 else "",
        pick(rng, words.BRANDS) if rng.random() < 0.7 else "",
        pick(rng, words.ORIGINS),
    )


def _selling(rng: random.Random) -> Row:
    won = int(rng.random() * 900) * 100 + 900
    stock = int(rng.random() * 500)
    return (
        amount(rng, won) if rng.random() < 0.99 else "가격문의",
        f"{won * 0.6:.2f}" if rng.random() < 0.8 else None,
        "150.00" if rng.random() < 0.002 else f"{int(rng.random() * 14) * 5}.00",
        yes_or_no(rng, 0.9),
        -1 - stock % 9 if rng.random() < 0.01 else stock,
        int(rng.random() * 4_000) if rng.random() < 0.5 else None,
        pick(rng, "0111112229"),
        yes_or_no(rng, 0.85),
        int(rng.random() < 0.02),
        int(rng.random() * 1_000),
    )


def _texts(sample: Sample, rng: random.Random, number: int) -> Row:
    pictures = tuple(images.product_image(sample, rng, number, view) for view in range(3, 3 + number % 5))
    separator = "||" if number % 40 == 0 else "|"
    begin = moments.day_along(rng.random())
    registered = moments.at(rng, begin)
    return (
        texts.prose(rng, 1)[:500],
        texts.html(rng, 3 + number % 6, pictures),
        texts.html(rng, 1) if rng.random() < 0.5 else None,
        awkward(rng) if rng.random() < 0.1 else ("" if rng.random() < 0.5 else None),
        images.product_image(sample, rng, number, 1) if number % 33 else "",
        images.product_image(sample, rng, number, 2) if number % 21 else "",
        separator.join(pictures),
        _keywords(rng),
        f"https://video.example/v/{number}" if rng.random() < 0.1 else "",
        pick(rng, ("", "00000000", moments.compact(begin), moments.compact(begin))),
        pick(rng, ("", "99991231", moments.compact(begin + 400))),
        int(rng.random() * 100_000),
        round(1 + rng.random() * 4, 2) if rng.random() < 0.6 else 0.0,
        pick(rng, ("admin", "md01", "md02", "batch")),
        sample.zero_datetime if rng.random() < 0.01 else registered,
        sample.zero_datetime if rng.random() < 0.3 else moments.at(rng, begin + 30),
    )


def _keywords(rng: random.Random) -> str:
    chosen = [pick(rng, words.TAGS) for _ in range(int(rng.random() * 6))]
    return "".join(f"{pick(rng, ('#', ' #', ',', ', ', ';'))}{tag}" for tag in chosen)
