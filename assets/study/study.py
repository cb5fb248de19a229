"""`study`, with progress that the old app kept for each participant."""

from sqlalchemy import Numeric, case, cast, func, select

from assets.old_spellings import FIRST_REAL_MOMENT, Value, blank, no_date, trimmed, yes
from assets.study.old_study import CLOCK, participant
from assets.study.old_study import study as old_study
from changeover.mapping import Assigned, Mapping, lookup, utc, value_map


def percent(text: Value) -> Value:
    """``'35%'``, ``'7.5%'``, ``' 35 %'`` as a number; none is 0, and more than all is 100."""
    plain = func.replace(func.replace(text, "%", ""), " ", "")
    number = cast(func.coalesce(func.nullif(plain, ""), "0"), Numeric(5, 2))
    return case((number > 100, 100), else_=number)


def average_progress() -> Value:
    """Over the participants who have not left, to two decimals."""
    taking_part = participant.out_dt < FIRST_REAL_MOMENT
    average = (
        select(func.round(func.avg(percent(participant.prog_txt)), 2))
        .select_from(participant.from_)
        .where(participant.study_no == old_study.study_no, taking_part)
        .scalar_subquery()
    )
    return func.coalesce(average, 0)


study = Mapping(
    target="study",
    root=old_study,
    description="Study groups. Their owners are accounts of the community; `progress` is the average of "
    "those who take part. The password for joining stays behind.",
    ids=Assigned(),
    columns={
        "owner_id": lookup("member", old_study.owner_uid, mapping="community.cm_member"),
        "title": trimmed(old_study.title),
        "goal": blank(old_study.goal),
        "status": value_map(old_study.st, {"0": "planned", "1": "running", "2": "finished"}),
        "progress": average_progress(),
        "focus_minutes": old_study.focus_min,
        "break_minutes": old_study.rest_min,
        "capacity": func.nullif(old_study.max_cnt, 0),
        "is_public": yes(old_study.open_yn),
        "started_at": utc(no_date(old_study.bgn_dt), CLOCK),
        "ended_at": utc(no_date(old_study.end_dt), CLOCK),
        "created_at": utc(old_study.reg_dt, CLOCK),
    },
)
