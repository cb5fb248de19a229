"""The community's half of `member`; `assets.shop.member` is the other, and comes first."""

from sqlalchemy import String, case, cast, func, literal

from assets.community.old_community import CLOCK, IMAGES_AT, avatars, member
from assets.old_spellings import blank, flag, no_date, trimmed
from changeover.mapping import Assigned, Mapping, image, utc

no_address = literal("community-").concat(cast(member.uid, String)).concat("@no-email.invalid")

community_member = Mapping(
    target="member",
    root=member,
    description="People who write in the community. Who left is not moved; what they wrote is, without them.",
    ids=Assigned(match=("email",), priority=1),
    where=member.left_ymd == "",
    columns={
        "email": case(
            (trimmed(member.email_addr) == "", no_address), else_=func.lower(trimmed(member.email_addr))
        ),
        "nickname": trimmed(member.nick),
        "bio": blank(member.signature),
        "avatar_url": image(blank(member.icon_url), images=avatars, url_prefix=IMAGES_AT),
        "reputation": member.pt,
        "community_level": member.lvl,
        "is_profile_public": flag(member.open_fl),
        "community_joined_at": utc(member.reg_dt, CLOCK),
        "community_seen_at": utc(no_date(member.last_dt), CLOCK),
    },
)
