"""The community's members, some of whom are the shop's."""

from __future__ import annotations

from changeover.mapping import Assigned, Mapping, narrow, old

member = old("community", "member")

MEMBER = Mapping(
    target="member",
    root=member,
    ids=Assigned(match=("email",), priority=1),
    columns={"email": narrow(member.mail), "name": narrow(member.nick), "nick": narrow(member.nick)},
    rows_per_range=10,
)
