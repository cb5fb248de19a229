"""The shop's half of `member`; `assets.community.member` is the other."""

from sqlalchemy import String, and_, case, cast, func, literal

from assets.old_spellings import blank, code, day, no_date, trimmed, yes
from assets.shop.old_shop import KOREA, WITHDRAWN, address, at_least_zero, digits, member
from changeover.mapping import Assigned, Mapping, utc, value_map

no_address = literal("shop-").concat(cast(member.mem_no, String)).concat("@no-email.invalid")

shop_member = Mapping(
    target="member",
    root=member,
    description="People who shop. One person is one row, found by e-mail address, whether known to the "
    "shop, to the community or to both. Withdrawn accounts are not moved, nor are accounts "
    "that the shop's nightly job had marked as duplicates: what belonged to those goes to the"
    " account that they duplicate. Logins and passwords stay behind.",
    ids=Assigned(match=("email",)),
    where=and_(member.mem_st != WITHDRAWN, member.dup_of_no == 0),
    columns={
        "email": case((trimmed(member.email) == "", no_address), else_=func.lower(trimmed(member.email))),
        "name": trimmed(member.mem_nm),
        "phone": digits(member.tel),
        "birth_date": day(member.birth_ymd),
        "gender": value_map(
            member.sex_cd, {"1": "male", "M": "male", "2": "female", "F": "female", "": None}
        ),
        "postal_code": digits(member.zip_cd),
        "address": address(member.addr1, member.addr2),
        "grade": value_map(code(member.grade_cd), {"G0": "basic", "G1": "silver", "G2": "gold", "VI": "vip"}),
        "point_balance": at_least_zero(member.point_amt),
        "accepts_sms": yes(member.sms_yn),
        "accepts_mail": yes(member.mail_yn),
        "is_dormant": value_map(member.mem_st, {"0": False, "1": True}),
        "note": blank(member.memo),
        "shop_joined_at": utc(member.join_dt, KOREA),
        "shop_seen_at": utc(no_date(member.last_dt), KOREA),
    },
)
