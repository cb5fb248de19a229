"""`focus_session`: one stretch of work, whose day and time the old app kept apart."""

from sqlalchemy import case, func

from assets.old_spellings import Value, blank, day, yes
from assets.study.old_study import CLOCK, participant, record, study
from changeover.mapping import Assigned, Mapping, join, lookup, utc


def moment(ymd: Value, hms: Value) -> Value:
    """``20231104`` and ``093000`` as ``2023-11-04 09:30:00``."""
    hour, minute, second = func.substr(hms, 1, 2), func.substr(hms, 3, 2), func.substr(hms, 5, 2)
    return day(ymd).concat(" ").concat(hour).concat(":").concat(minute).concat(":").concat(second)


focus_session = Mapping(
    target="focus_session",
    root=record,
    description="Stretches of work of those who take part. Records of removed participants and studies "
    "are left behind.",
    ids=Assigned(),
    joins=(
        join(participant, participant.part_no == record.part_no),
        join(study, study.study_no == participant.study_no),
    ),
    columns={
        "participation_id": lookup("participation", participant.part_no),
        "started_at": utc(moment(record.rec_ymd, record.bgn_hms), CLOCK),
        "duration_seconds": case((record.focus_sec < 0, 0), else_=record.focus_sec),
        "is_completed": yes(record.done_yn),
        "note": blank(record.note),
    },
)
