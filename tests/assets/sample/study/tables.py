"""A study and its rules, of one old row."""

from __future__ import annotations

from changeover.mapping import Assigned, Computed, Mapping, lookup, narrow, old

study = old("study", "Pomodoro Study")

STUDY = Mapping(
    target="study",
    root=study,
    ids=Assigned(),
    columns={
        "title": narrow(study.title),
        "owner_id": lookup("member", study.owner, mapping="community.member.member"),
    },
    rows_per_range=10,
)

RULE = Mapping(
    target="study_rule",
    root=study,
    ids=Computed(),
    columns={"study_id": lookup("study", study.no), "focus_minutes": study.focus},
)
