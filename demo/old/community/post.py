"""`cm_post`: posts in boards whose code was typed by hand."""

from __future__ import annotations

import sqlalchemy as sa

from demo.old import column_types as old
from demo.old import moments, texts, words
from demo.old.community.member import author
from demo.old.community.metadata import METADATA
from demo.old.dirt import awkward, spelled_code, yes_or_no
from demo.old.sample import Rows, Sample, pick

TABLE = sa.Table(
    "cm_post",
    METADATA,
    sa.Column("post_no", old.key(), primary_key=True),
    sa.Column("board_cd", old.varchar(12), nullable=False),  # FREE QNA REVIEW NOTICE, in any case
    sa.Column("uid", old.unsigned(), nullable=False),  # 0: a guest
    sa.Column("writer", old.varchar(40), nullable=False),
    sa.Column("subj", old.varchar(255), nullable=False),
    sa.Column("cont", old.medium_text(), nullable=False),
    sa.Column("hit", old.unsigned(), nullable=False),
    sa.Column("good", old.integer(), nullable=False),
    sa.Column("bad", old.integer(), nullable=False),
    sa.Column("cmt_cnt", old.integer(), nullable=False),
    sa.Column("notice_fl", old.flag(), nullable=False),
    sa.Column("secret_fl", old.flag(), nullable=False),
    sa.Column("del_yn", old.char(1), nullable=False),
    sa.Column("ip", old.latin1(39), nullable=False),
    sa.Column("wr_dt", old.datetime(), nullable=False),
    sa.Column("up_dt", old.datetime(), nullable=False),
    sa.Index("ix_cm_post_uid", "uid"),
    sa.Index("ix_cm_post_board", "board_cd", "wr_dt"),
    **old.LEGACY_TABLE,
)

GONE = 71
BOARDS = ("FREE", "FREE", "QNA", "QNA", "REVIEW", "NOTICE")


def gone(sample: Sample, post_no: int) -> bool:
    """Whether the post was deleted for good; its comments were left behind (2 %)."""
    return sample.one_in(50, GONE, post_no)


def rows(sample: Sample) -> Rows:
    """The posts in key order."""
    rng = sample.rng("cm_post")
    count = sample.count("cm_post")
    for post_no in range(1, count + 1):
        if gone(sample, post_no):
            continue
        dice = int(rng.random() * (1 << 32))
        day = moments.day_along(post_no / count)
        title = awkward(rng) if dice % 60 == 0 else pick(rng, words.TITLES)
        yield (
            post_no,
            spelled_code(BOARDS[dice % 6], dice >> 8),
            author(rng, sample, post_no / count),
            texts.nick(rng, dice),
            title if dice % 90 else "  ",
            texts.html(rng, 1 + dice % 3),
            dice % 5_000,
            dice % 40,
            dice % 7,
            dice % 6,
            int(dice % 150 == 0),
            int(dice % 35 == 0),
            yes_or_no(rng, 0.03),
            f"10.{dice % 200}.{dice % 250}.{dice % 254 + 1}",
            moments.at(rng, day),
            sample.zero_datetime if dice % 4 else moments.at(rng, day + 2),
        )
