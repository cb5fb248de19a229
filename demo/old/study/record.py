"""`pomodoro_record`: one stretch of work, its day and its beginning kept as digits."""

from __future__ import annotations

import sqlalchemy as sa

from demo.old import column_types as old
from demo.old import moments
from demo.old.dirt import awkward, yes_or_no
from demo.old.sample import Rows, Sample
from demo.old.study.metadata import METADATA
from demo.old.study.participant import seats

TABLE = sa.Table(
    "pomodoro_record",
    METADATA,
    sa.Column("rec_no", old.big_key(), primary_key=True),
    sa.Column("part_no", old.unsigned(), nullable=False),
    sa.Column("rec_ymd", old.char(8), nullable=False),
    sa.Column("bgn_hms", old.char(6), nullable=False),
    sa.Column("focus_sec", old.integer(), nullable=False),  # below 0 where the phone's clock was set back
    sa.Column("done_yn", old.char(1), nullable=False),
    sa.Column("note", old.varchar(300), nullable=False),
    sa.Index("ix_pomodoro_record_part_no", "part_no"),
    **old.LEGACY_TABLE,
)

AMOUNT = 111
# The app's first server died with its records; ids begin anew far above.
FIRST_NUMBER = 5_000_000_000


def rows(sample: Sample) -> Rows:
    """One to four records a seat, also where the participant's row was deleted."""
    rng = sample.rng("pomodoro_record")
    studies = sample.count("pomodoro_study")
    number = FIRST_NUMBER
    for seat in seats(sample):
        for n in range(sample.mix(AMOUNT, seat.part_no) % 4 + 1):
            dice = int(rng.random() * (1 << 32))
            number += 1 + dice % 3 // 2
            day = moments.day_along(seat.study_no / studies) + 3 + n
            yield (
                number,
                seat.part_no,
                moments.compact(day),
                f"{dice % 24:02d}{(dice >> 8) % 60:02d}{(dice >> 16) % 60:02d}",
                -(dice % 100) - 1 if dice % 200 == 0 else dice % 1_500 + 1,
                yes_or_no(rng, 0.8),
                awkward(rng) if dice % 35 == 0 else "",
            )
