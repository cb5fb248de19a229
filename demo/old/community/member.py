"""`cm_member`: the community's accounts; who left keeps a row with the day of leaving."""

from __future__ import annotations

import random

import sqlalchemy as sa

from demo.old import column_types as old
from demo.old import images, moments, people, texts
from demo.old.community.metadata import METADATA
from demo.old.dirt import awkward, spelled_email
from demo.old.sample import Rows, Sample

TABLE = sa.Table(
    "cm_member",
    METADATA,
    sa.Column("uid", old.key(), primary_key=True),
    sa.Column("login", old.latin1(30), nullable=False),
    sa.Column("passwd", old.latin1(64), nullable=False),
    sa.Column("nick", old.varchar(40), nullable=False),
    sa.Column("email_addr", old.varchar(190), nullable=False),
    sa.Column("signature", old.text(), nullable=True),
    sa.Column("icon_url", old.varchar(300), nullable=False),
    sa.Column("pt", old.integer(), nullable=False),
    sa.Column("lvl", old.tiny(), nullable=False),
    sa.Column("open_fl", old.flag(), nullable=False),
    sa.Column("left_ymd", old.char(8), nullable=False),  # '': still here
    sa.Column("reg_dt", old.datetime(), nullable=False),
    sa.Column("last_dt", old.datetime(), nullable=False),
    sa.Index("ix_cm_member_email_addr", "email_addr"),
    **old.LEGACY_TABLE,
)

SPELLING = 61


def rows(sample: Sample) -> Rows:
    """The community's members in key order."""
    rng = sample.rng("cm_member")
    count = sample.count("cm_member")
    for uid in range(1, count + 1):
        account = people.community_account(sample, uid)
        if account is None:
            continue
        dice = sample.mix(SPELLING, uid)
        joined = moments.day_along(uid / count)
        email = people.email_of(sample, account.person) if account.has_email else ""
        yield (
            uid,
            f"cm{uid}",
            f"{dice:016x}{sample.mix(SPELLING + 1, uid):016x}",
            texts.nick(rng, uid) + (" " if dice % 45 == 0 else ""),
            spelled_email(email, dice) if email else "",
            awkward(rng) if dice % 10 == 0 else ("" if dice % 3 else None),
            images.icon(sample, "icon", uid) if dice % 4 == 0 else "",
            int(rng.random() * 9_000) - 200,
            dice % 10,
            dice % 2,
            moments.compact(joined + 500) if account.left else "",
            moments.at(rng, joined),
            sample.zero_datetime if dice % 12 == 0 else moments.at(rng, joined + 700),
        )


def author(rng: random.Random, sample: Sample, part: float) -> int:
    """The uid under a text written at `part` (0 to 1) of the community's life; 0 for a guest.

    Only members who had joined by then write, so the authors of the first half are the first half of the members.
    """
    if rng.random() < 0.15:
        return 0
    return 1 + int(rng.random() * sample.count("cm_member") * max(part, 0.05))
