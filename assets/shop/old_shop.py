"""The old shop's tables, and habits that only it has."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import case, func, select

from assets.old_spellings import Value, code
from changeover.mapping import ImageSet, old

KOREA = "+09:00"
"""The zone of the shop's clock. Korea has no daylight saving time, and an offset is known to every database."""

OPENED = datetime(2009, 3, 2)  # noqa: DTZ001 - on the shop's clock
"""The shop's first day: what has lost its date is that old."""

category = old("shop", "tb_category")
category_by_code = old("shop", "tb_category", alias="category_by_code")
product = old("shop", "tb_product")
member = old("shop", "tb_member")
coupon = old("shop", "tb_coupon")
order = old("shop", "tb_order")
order_line = old("shop", "tb_order_line")

IMAGES_AT = "https://img.newshop.example/"
"""Where the new service shows its bucket's objects."""

product_pictures = ImageSet(
    "product_pictures", hosts=("img.oldshop.example",), base="http://img.oldshop.example/", prefix="product/"
)
banners = ImageSet(
    "banners", hosts=("img.oldshop.example",), base="http://img.oldshop.example/", prefix="banner/"
)

WITHDRAWN = "9"
"""`tb_member.mem_st` of an account that its owner closed."""


def existing_category(wanted: Value) -> Value:
    """The code of the category that ``wanted`` names in whatever spelling; NULL if it was deleted."""
    found = category_by_code.cat_cd
    query = select(func.max(code(found))).select_from(category_by_code.from_)
    return query.where(code(found) == code(wanted)).scalar_subquery()


def won(text: Value) -> Value:
    """An amount as people typed it, ``' 12,900원'``, as ``'12900'``."""
    return func.trim(func.replace(func.replace(text, ",", ""), "원", ""))


def digits(text: Value) -> Value:
    """A telephone number or postal code without hyphens and spaces; NULL where there is none."""
    return func.nullif(func.replace(func.replace(text, "-", ""), " ", ""), "")


def surviving_account() -> Value:
    """The account that a joined `tb_member` row stands for: the one it duplicates, or itself."""
    return case((member.dup_of_no != 0, member.dup_of_no), else_=member.mem_no)


def at_least_zero(number: Value) -> Value:
    """Numbers that the shop let fall below zero: oversold stock, overdrawn points."""
    return case((number < 0, 0), else_=number)


def address(first: Value, second: Value) -> Value:
    """Two address lines as one."""
    return func.trim(first.concat(" ").concat(func.coalesce(second, sa.literal(""))))
