"""`pomodoro_study`: the study groups; the owner is a member of the community who has not left."""

from __future__ import annotations

import sqlalchemy as sa

from demo.old import column_types as old
from demo.old import moments, people, texts, words
from demo.old.dirt import awkward, yes_or_no
from demo.old.sample import Rows, Sample, pick
from demo.old.study.metadata import METADATA

TABLE = sa.Table(
    "pomodoro_study",
    METADATA,
    sa.Column("study_no", old.key(), primary_key=True),
    sa.Column("title", old.varchar(100), nullable=False),
    sa.Column("goal", old.text(), nullable=True),
    sa.Column("owner_uid", old.unsigned(), nullable=False),
    sa.Column("st", old.char(1), nullable=False),  # '0' planned, '1' running, '2' finished
    sa.Column("focus_min", old.tiny(), nullable=False),
    sa.Column("rest_min", old.tiny(), nullable=False),
    sa.Column("max_cnt", old.tiny(), nullable=False),  # 0: no limit
    sa.Column("open_yn", old.char(1), nullable=False),
    sa.Column("join_pw", old.varchar(20), nullable=False),
    sa.Column("bgn_dt", old.datetime(), nullable=False),
    sa.Column("end_dt", old.datetime(), nullable=False),
    sa.Column("reg_dt", old.datetime(), nullable=False),
    **old.LEGACY_TABLE,
)

GONE, OWNER = 91, 92


def gone(sample: Sample, study_no: int) -> bool:
    """Whether the study was deleted and left its participants and records behind (2 %)."""
    return sample.one_in(50, GONE, study_no)


def owner_of(sample: Sample, study_no: int) -> int:
    """The uid of the study's owner."""
    members = sample.count("cm_member")
    uid = sample.mix(OWNER, study_no) % members + 1
    while not people.is_moved(people.community_account(sample, uid)):
        uid = uid % members + 1
    return uid


def rows(sample: Sample) -> Rows:
    """The studies in key order."""
    rng = sample.rng("pomodoro_study")
    count = sample.count("pomodoro_study")
    for study_no in range(1, count + 1):
        if gone(sample, study_no):
            continue
        dice = int(rng.random() * (1 << 32))
        state = ("0", "1", "1", "2", "2")[dice % 5]
        day = moments.day_along(study_no / count)
        yield (
            study_no,
            f"{pick(rng, words.GOALS)} {study_no}기" + (" " if dice % 25 == 0 else ""),
            awkward(rng) if dice % 15 == 0 else (texts.prose(rng, 2) if dice % 4 else None),
            owner_of(sample, study_no),
            state,
            25 if dice % 5 else 50,
            5 if dice % 5 else 10,
            dice % 8,
            yes_or_no(rng, 0.7),
            "" if dice % 3 else f"pw{dice % 10_000:04d}",
            sample.zero_datetime if state == "0" else moments.at(rng, day + 3),
            moments.at(rng, day + 40) if state == "2" else sample.zero_datetime,
            moments.at(rng, day),
        )
