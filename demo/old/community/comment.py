"""`cm_comment`: comments and replies, some below a post or under a comment that is gone."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from demo.old import column_types as old
from demo.old import moments, texts
from demo.old.community.member import author
from demo.old.community.metadata import METADATA
from demo.old.dirt import awkward, yes_or_no
from demo.old.sample import Row, Rows, Sample

TABLE = sa.Table(
    "cm_comment",
    METADATA,
    sa.Column("cmt_no", old.big_key(), primary_key=True),
    sa.Column("post_no", old.unsigned(), nullable=False),
    sa.Column("p_cmt_no", old.big_integer(), nullable=False),  # 0: no reply
    sa.Column("uid", old.unsigned(), nullable=False),  # 0: a guest
    sa.Column("writer", old.varchar(40), nullable=False),
    sa.Column("cont", old.text(), nullable=False),
    sa.Column("good", old.integer(), nullable=False),
    sa.Column("secret_fl", old.flag(), nullable=False),
    sa.Column("del_yn", old.char(1), nullable=False),
    sa.Column("wr_dt", old.datetime(), nullable=False),
    sa.Column("up_dt", old.datetime(), nullable=False),
    sa.Index("ix_cm_comment_post_no", "post_no"),
    **old.LEGACY_TABLE,
)

ERASED, REPLY, CROWD = 81, 82, 83


def rows(sample: Sample) -> Rows:
    """The comments that are there, in key order."""
    return (row for number, row in written(sample) if not erased(sample, number))


def written(sample: Sample) -> Iterator[tuple[int, Row]]:
    """Every comment that was ever written, with its number: those erased since are included."""
    rng = sample.rng("cm_comment")
    count = sample.count("cm_comment")
    for number in range(1, count + 1):
        dice = int(rng.random() * (1 << 32))
        day = moments.day_along(number / count)
        yield (
            number,
            (
                number,
                post_of(sample, number),
                parent_of(sample, number),
                author(rng, sample, number / count),
                texts.nick(rng, dice) + (" " if dice % 77 == 0 else ""),
                awkward(rng) if dice % 30 == 0 else texts.prose(rng, 1 + dice % 2),
                dice % 25,
                int(dice % 40 == 0),
                yes_or_no(rng, 0.02),
                moments.at(rng, day),
                sample.zero_datetime if dice % 5 else moments.at(rng, day + 1),
            ),
        )


def erased(sample: Sample, number: int) -> bool:
    """Whether the comment was deleted since it was written (2.5 %)."""
    return sample.one_in(40, ERASED, number)


def post_of(sample: Sample, number: int) -> int:
    """The post a comment stands below: about three a post in a row, six where a neighbour has none."""
    post = 1 + (number - 1) * sample.count("cm_post") // sample.count("cm_comment")
    return post - 1 if post > 1 and sample.one_in(4, CROWD, post) else post


def parent_of(sample: Sample, number: int) -> int:
    """The comment below the same post that this one answers, 0 for none; it may have been erased."""
    dice = sample.mix(REPLY, number)
    candidate = number - 1 - (dice >> 8) % 3
    replies = dice % 10 < 3 and candidate > 0 and post_of(sample, candidate) == post_of(sample, number)
    return candidate if replies else 0
