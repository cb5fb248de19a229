"""`participation`: who takes part in which study, found by e-mail address."""

from sqlalchemy import func

from assets.old_spellings import blank, code, no_date, trimmed
from assets.study.old_study import CLOCK, participant, study
from changeover.mapping import Assigned, Mapping, join, lookup, utc, value_map

participation = Mapping(
    target="participation",
    root=participant,
    description="Who takes part in a study: a member of the shop or the community, found by e-mail "
    "address, or a guest. Participants of deleted studies are left behind.",
    ids=Assigned(),
    joins=(join(study, study.study_no == participant.study_no),),
    columns={
        "study_id": lookup("study", study.study_no),
        "member_id": lookup("member", blank(func.lower(trimmed(participant.user_email))), by="email"),
        "nickname": trimmed(participant.nick),
        "role": value_map(code(participant.role_cd), {"L": "leader", "M": "member"}),
        "joined_at": utc(participant.join_dt, CLOCK),
        "left_at": utc(no_date(participant.out_dt), CLOCK),
    },
)
