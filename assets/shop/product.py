"""`product` and `product_detail`: one wide table is split, so that lists no longer read long texts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import case, func, literal

from assets.old_spellings import Value, blank, code, day, flag, no_date, trimmed, yes
from assets.shop.old_shop import (
    IMAGES_AT,
    KOREA,
    OPENED,
    at_least_zero,
    existing_category,
    product_pictures,
    won,
)
from assets.shop.old_shop import product as old_product
from changeover.mapping import Image, Mapping, image, lookup, narrow, python, utc, value_map
from changeover.mapping.forms import Form

ON_REQUEST = "가격문의"
CATCH_ALL = "ETC"


def image_list(text: Value) -> Value:
    """``a.jpg|b.jpg||c.jpg`` as JSON. URLs hold no quote and no backslash."""
    quoted = func.replace(func.replace(text, "||", "|"), "|", '","')
    return case((text == "", "[]"), else_=literal('["').concat(quoted).concat('"]'))


def pictures(value: Value, form: Form = "url") -> Image:
    """Pictures on the old host, which are shown from the new bucket once they were moved."""
    return image(value, images=product_pictures, form=form, url_prefix=IMAGES_AT)


def split_tags(texts: Sequence[str]) -> list[list[str]]:
    """``'#여름, 신상;sale'`` as ``['여름', '신상', 'sale']``: in the order written, each tag once."""
    return [list(dict.fromkeys(filter(None, re.split(r"[#,;\s]+", text)))) for text in texts]


product = Mapping(
    target="product",
    root=old_product,
    description="What is for sale, under its old number. Prices typed as text are numbers now (none where"
    " it said 'on request'), products of deleted categories are in the catch-all category, "
    "tags and further pictures are lists; pictures are in the new bucket.",
    columns={
        "sku": blank(code(old_product.prod_cd)),
        "category_id": lookup(
            "category", func.coalesce(existing_category(old_product.cat_cd), CATCH_ALL), by="code"
        ),
        "name": trimmed(old_product.prod_nm),
        "name_en": old_product.prod_nm_en,
        "maker": blank(old_product.maker_nm),
        "brand": blank(old_product.brand_nm),
        "origin_country": blank(func.upper(old_product.origin_cd)),
        "price": case((old_product.price_txt == ON_REQUEST, None), else_=won(old_product.price_txt)),
        "cost": old_product.cost_amt,
        "discount_rate": case((old_product.disc_rate > 100, 100), else_=old_product.disc_rate),
        "is_taxed": yes(old_product.tax_yn),
        "stock": at_least_zero(old_product.stock_qty),
        "weight_grams": narrow(old_product.weight_g),
        "status": value_map(
            old_product.sell_st, {"0": "draft", "1": "on_sale", "2": "sold_out", "9": "discontinued"}
        ),
        "is_visible": yes(old_product.disp_yn),
        "is_adult": flag(old_product.adult_fl),
        "sort_order": old_product.sort_no,
        "summary": blank(old_product.summary),
        "main_image_url": pictures(blank(old_product.img_main)),
        "list_image_url": pictures(blank(old_product.img_list)),
        "images": pictures(image_list(old_product.img_etc), "json"),
        "tags": python(split_tags, old_product.kw_txt),
        "sale_starts_on": day(old_product.sale_bgn_ymd),
        "sale_ends_on": day(old_product.sale_end_ymd),
        "view_count": old_product.view_cnt,
        "rating": func.nullif(old_product.rating_avg, 0),
        "created_at": utc(
            func.coalesce(no_date(old_product.reg_dt), no_date(old_product.upd_dt), OPENED), KOREA
        ),
        "updated_at": utc(no_date(old_product.upd_dt), KOREA),
    },
)

product_detail = Mapping(
    target="product_detail",
    root=old_product,
    description="The long texts of a product, apart from what lists show.",
    columns={
        "description_html": pictures(old_product.detail_html, "html"),
        "guide_html": blank(old_product.guide_html),
        "note": blank(old_product.memo),
        "video_url": blank(old_product.video_url),
    },
)
