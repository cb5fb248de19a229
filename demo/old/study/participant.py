"""`pomodoro_participant`: who takes part, known by an e-mail address, with a progress as text."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from demo.old import column_types as old
from demo.old import moments, people, texts
from demo.old.dirt import spelled_email
from demo.old.sample import Rows, Sample
from demo.old.study.metadata import METADATA
from demo.old.study.study import owner_of

TABLE = sa.Table(
    "pomodoro_participant",
    METADATA,
    sa.Column("part_no", old.key(), primary_key=True),
    sa.Column("study_no", old.unsigned(), nullable=False),
    sa.Column("user_email", old.varchar(120), nullable=False),  # '': a guest
    sa.Column("nick", old.varchar(40), nullable=False),
    sa.Column("role_cd", old.varchar(2), nullable=False),  # L leader, M member, in any case
    sa.Column("prog_txt", old.varchar(8), nullable=False),  # '35%', '7.5%', '', '120%'
    sa.Column("join_dt", old.datetime(), nullable=False),
    sa.Column("out_dt", old.datetime(), nullable=False),
    sa.Index("ix_pomodoro_participant_study_no", "study_no"),
    **old.LEGACY_TABLE,
)

SIZE, REMOVED, CROWD, SPELLING = 101, 102, 103, 104


@dataclass(frozen=True)
class Seat:
    """A place in a study: the participant's number, the study's number and the place (0 is the leader)."""

    part_no: int
    study_no: int
    place: int


def seats(sample: Sample) -> Iterator[Seat]:
    """Every seat in key order: two to five a study, those of deleted studies included."""
    part_no = 0
    for study_no in range(1, sample.count("pomodoro_study") + 1):
        for place in range(sample.mix(SIZE, study_no) % 4 + 2):
            part_no += 1
            yield Seat(part_no, study_no, place)


def removed(sample: Sample, part_no: int) -> bool:
    """Whether the participant's row was deleted; the records stayed (1.5 %)."""
    return sample.one_in(66, REMOVED, part_no)


def rows(sample: Sample) -> Rows:
    """The participants in key order; nobody takes part in one study twice."""
    rng = sample.rng("pomodoro_participant")
    studies = sample.count("pomodoro_study")
    crowd: list[str] = []
    for seat in seats(sample):
        if seat.place == 0:
            crowd = _crowd(sample, seat.study_no)
        if removed(sample, seat.part_no):
            continue
        dice = sample.mix(SPELLING, seat.part_no)
        email = crowd[seat.place]
        day = moments.day_along(seat.study_no / studies)
        yield (
            seat.part_no,
            seat.study_no,
            spelled_email(email, dice) if email and dice % 14 else "",
            texts.nick(rng, dice),
            ("L", "l")[dice % 9 == 0] if seat.place == 0 else ("M", "m", "M ", "M", "M")[dice % 5],
            _progress(rng),
            moments.at(rng, day + 1),
            moments.at(rng, day + 9) if dice % 12 == 0 else sample.zero_datetime,
        )


def _crowd(sample: Sample, study_no: int) -> list[str]:
    """The addresses of a study: the owner's, then those of other people who are customers of the shop."""
    owner = people.community_account(sample, owner_of(sample, study_no))
    if owner is None:
        raise ValueError(f"study {study_no} has no owner")
    crowd = {owner.person: people.email_of(sample, owner.person) if owner.has_email else ""}
    members = sample.count("tb_member")
    no = sample.mix(CROWD, study_no) % members
    while len(crowd) < 5:
        no = no % members + 1
        account = people.shop_account(sample, no)
        if account and account.moved and account.has_email:
            crowd.setdefault(account.person, people.email_of(sample, account.person))
    return list(crowd.values())


def _progress(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.06:
        return ""
    if kind < 0.07:
        return "120%"
    return f"{int(rng.random() * 200) / 2:g}%" if kind < 0.95 else f" {int(rng.random() * 100)} %"
