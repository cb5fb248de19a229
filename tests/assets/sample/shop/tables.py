"""The shop's tables."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from changeover.mapping import Assigned, Mapping, left_join, lookup, narrow, old, python, value_map

category = old("shop", "tb_category")
product = old("shop", "tb_product")
member = old("shop", "tb_member")
grade = old("shop", "tb_grade")
coupon = old("shop", "tb_coupon")

HELD_FROM = 500
STOPPING = "stopping"
"""The file that says that the run which is held was told to stop."""


def held(amounts: Sequence[str]) -> list[Decimal]:
    """The amounts; those from `HELD_FROM` only when the file that SAMPLE_HOLD names is gone: a test holds a run here."""
    gate = Path(os.environ.get("SAMPLE_HOLD", ""))
    numbers = [Decimal(amount) for amount in amounts]
    while gate.is_file() and max(numbers) > HELD_FROM:
        if _is_waited_for():
            gate.with_name(STOPPING).touch()
        time.sleep(0.02)
    return numbers


def _is_waited_for() -> bool:
    """Whether the step's thread, which was interrupted, waits for the engine's."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    while frame is not None and frame.f_code is not threading.Thread.join.__code__:
        frame = frame.f_back
    return frame is not None


CATEGORY = Mapping(
    target="category",
    root=category,
    columns={
        "code": narrow(category.cate_cd),
        "name": narrow(category.nm),
        "parent_id": lookup("category", category.up_no),
    },
    rows_per_range=5,
)

PRODUCT = Mapping(
    target="product",
    root=product,
    columns={
        "category_id": lookup("category", product.cate_cd, by="code"),
        "name": narrow(product.nm),
        "price": narrow(product.price),
    },
    rows_per_range=10,
    description="What the shop sells.",
)

MEMBER = Mapping(
    target="member",
    root=member,
    ids=Assigned(match=("email",)),
    columns={"email": narrow(member.email), "name": narrow(member.nm), "grade": narrow(grade.grade)},
    joins=(left_join(grade, grade.mem_no == member.mem_no),),
    rows_per_range=5,
)

COUPON = Mapping(
    target="coupon",
    root=coupon,
    columns={
        "member_id": lookup("member", coupon.mem_no, mapping="shop.tb_member.member"),
        "state": value_map(coupon.st, {"0": "issued", "1": "used", "2": "expired"}),
        "amount": python(held, coupon.amt),
    },
    rows_per_range=100,
)
