"""`tb_member`: accounts, among them withdrawn ones, duplicates and people who came back."""

from __future__ import annotations

import random

import sqlalchemy as sa

from demo.old import column_types as old
from demo.old import moments, people, texts
from demo.old.dirt import awkward, phone, spelled_code, spelled_email, yes_or_no
from demo.old.sample import Rows, Sample, pick
from demo.old.shop.metadata import METADATA

TABLE = sa.Table(
    "tb_member",
    METADATA,
    sa.Column("mem_no", old.key(), primary_key=True),
    sa.Column("mem_id", old.latin1(30), nullable=False),
    sa.Column("passwd", old.latin1(64), nullable=False),
    sa.Column("mem_nm", old.utf8mb3(50), nullable=False),
    sa.Column("email", old.varchar(120), nullable=False),
    sa.Column("tel", old.varchar(20), nullable=False),
    sa.Column("birth_ymd", old.char(8), nullable=False),  # '', '00000000', '19890300'
    sa.Column("sex_cd", old.char(1), nullable=False),  # '1', '2' and, from an import, 'M', 'F'
    sa.Column("zip_cd", old.varchar(7), nullable=False),
    sa.Column("addr1", old.varchar(200), nullable=False),
    sa.Column("addr2", old.varchar(200), nullable=True),
    sa.Column("grade_cd", old.varchar(4), nullable=False),  # G0 G1 G2 VI
    sa.Column("point_amt", old.integer(), nullable=False),
    sa.Column("sms_yn", old.char(1), nullable=False),
    sa.Column("mail_yn", old.char(1), nullable=False),
    sa.Column("mem_st", old.char(1), nullable=False),  # '0' active, '1' dormant, '9' withdrawn
    sa.Column("dup_of_no", old.unsigned(), nullable=False),  # 0, or the account that a nightly job kept
    sa.Column("memo", old.text(), nullable=True),
    sa.Column("join_dt", old.datetime(), nullable=False),
    sa.Column("last_dt", old.datetime(), nullable=False),
    sa.Index("ix_tb_member_email", "email"),
    **old.LEGACY_TABLE,
)

SPELLING = 21


def rows(sample: Sample) -> Rows:
    """The shop's members in key order."""
    rng = sample.rng("tb_member")
    count = sample.count("tb_member")
    for no in range(1, count + 1):
        account = people.shop_account(sample, no)
        if account is None:
            continue
        dice = sample.mix(SPELLING, no)
        email = people.email_of(sample, account.person) if account.has_email else ""
        first, second = texts.address(rng)
        yield (
            no,
            f"user{no}" if dice % 50 else f"josé{no}",
            f"{dice:016x}{sample.mix(SPELLING + 1, no):016x}",
            people.name_of(sample, account.person) + (" " if dice % 60 == 0 else ""),
            spelled_email(email, dice) if email else "",
            phone(rng),
            _birth(rng),
            pick(rng, ("1", "2", "1", "2", "M", "F", "")),
            texts.postal_code(rng),
            first,
            second or None,
            spelled_code(pick(rng, ("G0", "G0", "G0", "G1", "G1", "G2", "VI")), dice >> 8),
            int(rng.random() * 50_000) - (100 if dice % 80 == 0 else 0) if dice % 3 else -(dice % 90),
            yes_or_no(rng, 0.5),
            yes_or_no(rng, 0.4),
            "9" if account.left else ("1" if dice % 9 == 0 else "0"),
            account.duplicate_of,
            awkward(rng) if rng.random() < 0.03 else (None if rng.random() < 0.5 else ""),
            moments.along(rng, no / count),
            _last_seen(sample, rng, no / count),
        )


def _last_seen(sample: Sample, rng: random.Random, joined: float) -> str:
    return sample.zero_datetime if rng.random() < 0.1 else moments.along(rng, joined + rng.random() * 0.3)


def _birth(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.15:
        return ""
    if kind < 0.2:
        return "00000000"
    day = int(rng.random() * 28) + 1 if kind > 0.23 else 0
    return f"{1950 + int(rng.random() * 60)}{int(rng.random() * 12) + 1:02d}{day:02d}"
