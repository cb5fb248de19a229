"""`tb_order`: keyed by a string, '20231104-0000123'; orders from the mobile shop begin with an M of either case."""

from __future__ import annotations

import sqlalchemy as sa

from demo.old import column_types as old
from demo.old import moments, people, texts
from demo.old.dirt import amount, awkward, phone, spelled_email, yes_or_no
from demo.old.sample import Rows, Sample, pick
from demo.old.shop.metadata import METADATA

TABLE = sa.Table(
    "tb_order",
    METADATA,
    sa.Column("order_no", old.varchar(20), primary_key=True),
    sa.Column("mem_no", old.unsigned(), nullable=False),  # 0: ordered as a guest
    sa.Column("ord_nm", old.varchar(50), nullable=False),
    sa.Column("ord_email", old.varchar(120), nullable=False),
    sa.Column("ord_tel", old.varchar(20), nullable=False),
    sa.Column("rcv_nm", old.varchar(50), nullable=False),
    sa.Column("zip_cd", old.varchar(7), nullable=False),
    sa.Column("addr1", old.varchar(200), nullable=False),
    sa.Column("addr2", old.varchar(200), nullable=False),
    sa.Column("ord_st", old.char(2), nullable=False),  # 00 10 20 30 90
    sa.Column("pay_tp", old.varchar(10), nullable=False),  # 'CARD', 'card', 'Bank ', 'PHONE', ''
    sa.Column("tot_amt", old.varchar(15), nullable=False),  # '129,000'
    sa.Column("dlv_amt", old.integer(), nullable=False),
    sa.Column("pt_use", old.integer(), nullable=False),
    sa.Column("gift_yn", old.char(1), nullable=False),
    sa.Column("ord_memo", old.text(), nullable=True),
    sa.Column("ip", old.latin1(15), nullable=False),
    sa.Column("ord_dt", old.datetime(), nullable=False),
    sa.Column("pay_dt", old.datetime(), nullable=False),
    sa.Column("dlv_dt", old.datetime(), nullable=False),
    sa.Index("ix_tb_order_mem_no", "mem_no"),
    **old.LEGACY_TABLE,
)

LOST, MOBILE = 31, 32
STATES = ("00", "10", "20", "30", "30", "30", "30", "90")
PAYMENTS = ("CARD", "CARD", "card", "Card ", "BANK", "Bank ", "PHONE", "phone", "")


def order_no(sample: Sample, n: int) -> str:
    """The key of the n-th order."""
    key = f"{moments.compact(moments.day_along(n / sample.count('tb_order')))}-{n:07d}"
    if not sample.one_in(25, MOBILE, n):
        return key
    return ("m" if sample.one_in(3, MOBILE + 1, n) else "M") + key


def lost(sample: Sample, n: int) -> bool:
    """Whether the n-th order was deleted by hand and left its lines behind (0.5 %)."""
    return sample.one_in(200, LOST, n)


def rows(sample: Sample) -> Rows:
    """The orders, oldest first."""
    rng = sample.rng("tb_order")
    count, members, zero = sample.count("tb_order"), sample.count("tb_member"), sample.zero_datetime
    for n in range(1, count + 1):
        if lost(sample, n):
            continue
        dice = int(rng.random() * (1 << 32))
        person = 0 if dice % 8 == 0 else int(rng.random() * members) + 1
        name = people.name_of(sample, person)
        email = people.email_of(sample, person)
        first, second = texts.address(rng)
        day = moments.day_along(n / count)
        state = STATES[(dice >> 4) & 7]
        paid = state in ("10", "20", "30")
        yield (
            order_no(sample, n),
            person,
            name,
            spelled_email(email, dice >> 8) if dice % 30 else "",
            phone(rng),
            name if dice % 5 else f"{name} 님 ",
            texts.postal_code(rng),
            first,
            second,
            state,
            pick(rng, PAYMENTS),
            amount(rng, (dice % 300 + 5) * 1_000 + dice % 10 * 100),
            0 if dice % 3 else 3_000,
            dice % 50 * 10 if dice % 6 == 0 else 0,
            yes_or_no(rng, 0.1),
            _memo(dice) or (awkward(rng) if dice % 20 == 0 else None),
            f"10.{dice % 200}.{dice % 250}.{dice % 254 + 1}",
            moments.at(rng, day),
            moments.at(rng, day + 1) if paid else zero,
            moments.at(rng, day + 4) if state == "30" else zero,
        )


def _memo(dice: int) -> str:
    return ("", "", "부재 시 문 앞에 놓아 주세요", "경비실에 맡겨주세요\n감사합니다", "")[dice % 5]
