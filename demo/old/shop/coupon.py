"""`tb_coupon`: the huge table, half of all rows; its ids have gaps and jump to 3,000,000,000 near the end."""

from __future__ import annotations

import random

import sqlalchemy as sa

from demo.old import column_types as old
from demo.old import moments
from demo.old.dirt import awkward, spelled_code
from demo.old.sample import Rows, Sample, pick
from demo.old.shop.metadata import METADATA

TABLE = sa.Table(
    "tb_coupon",
    METADATA,
    sa.Column("cpn_no", old.key(), primary_key=True),
    sa.Column("cpn_cd", old.latin1(24), nullable=False),
    sa.Column("mem_no", old.unsigned(), nullable=False),  # 0: not yet claimed
    sa.Column("cpn_nm", old.varchar(100), nullable=False),
    sa.Column("cpn_tp", old.enum("", "rate", "amount", "ship"), nullable=False),
    sa.Column("disc_val", old.varchar(12), nullable=False),  # '10%', '3,000', '3000원', ''
    sa.Column("st", old.char(1), nullable=False),  # '0' issued, '1' used, '2' expired, '9' revoked
    sa.Column("issue_dt", old.datetime(), nullable=False),
    sa.Column("use_dt", old.datetime(), nullable=False),
    sa.Column("exp_ymd", old.char(8), nullable=False),  # '99991231': never
    sa.Column("memo", old.varchar(200), nullable=False),
    sa.Index("ix_tb_coupon_mem_no", "mem_no"),
    **old.LEGACY_TABLE,
)

NAMES = (
    "첫 구매 감사 쿠폰",
    "생일 축하 🎂 쿠폰",
    "주말 깜짝 할인",
    "무료배송",
    "VIP 등급 혜택",
    "Summer sale 10%",
)
TYPES = ("rate", "amount", "amount", "ship")
STATES = ("0", "0", "0", "1", "1", "1", "1", "2", "2", "9")
# The codes of a partner were imported with the partner's own ids, above what a signed integer holds.
IMPORTED_FROM = 3_000_000_000
IMPORTED_PART = 0.98


def coupon_no(n: int, count: int) -> int:
    """The id of the n-th of `count` coupons: a gap of 7 after each hundred, of 40,000 after each 50,000."""
    if n >= count * IMPORTED_PART:
        return IMPORTED_FROM + n
    return 1_000 + n + n // 100 * 7 + n // 50_000 * 40_000


def rows(sample: Sample) -> Rows:
    """The coupons in key order; their member may be unclaimed, withdrawn, a duplicate or gone."""
    rng = sample.rng("tb_coupon")
    random_ = rng.random
    count, members, zero = sample.count("tb_coupon"), sample.count("tb_member"), sample.zero_datetime
    for n in range(count):
        dice = int(random_() * (1 << 48))
        number = coupon_no(n, count)
        day = moments.day_along(n / count)
        state = STATES[dice % 10]
        kind = TYPES[(dice >> 8) & 3]
        yield (
            number,
            spelled_code(f"{('WLC', 'BDY', 'VIP')[dice % 3]}-{number:010X}", dice >> 12),
            0 if dice % 11 == 0 else int(random_() * members) + 1,
            NAMES[(dice >> 16) % 6],
            kind if dice % 997 else "",
            _discount(kind, dice >> 20),
            state,
            moments.at(rng, day),
            moments.at(rng, day + dice % 30) if state == "1" and dice % 50 else zero,
            "99991231" if dice % 13 == 0 else moments.compact(day + 90),
            _memo(rng, dice >> 24),
        )


def _discount(kind: str, dice: int) -> str:
    if kind == "ship":
        return ""
    if kind == "rate":
        return f"{dice % 10 * 5 + 5}%" if dice % 7 else f"{dice % 10 * 5 + 5}"
    won = (dice % 40 + 1) * 500
    return f"{won}원" if dice % 9 == 0 else f"{won:,}"


def _memo(rng: random.Random, dice: int) -> str:
    return awkward(rng) if dice % 40 == 0 else pick(rng, ("", "", "", "상담원 발급", "이벤트 당첨"))
