"""`coupon`: the huge table. Its numbers are kept, and its owners found through the id map."""

from sqlalchemy import func, or_

from assets.old_spellings import blank, code, day, no_date
from assets.shop.old_shop import KOREA, WITHDRAWN, member, surviving_account, won
from assets.shop.old_shop import coupon as old_coupon
from changeover.mapping import Mapping, left_join, lookup, utc, value_map

coupon = Mapping(
    target="coupon",
    root=old_coupon,
    description="Coupons that belong to a member who is moved, or to nobody yet. Those of withdrawn and "
    "of deleted members are left behind.",
    joins=(left_join(member, member.mem_no == old_coupon.mem_no),),
    where=or_(old_coupon.mem_no == 0, member.mem_st != WITHDRAWN),
    columns={
        "code": code(old_coupon.cpn_cd),
        "member_id": lookup("member", surviving_account()),
        "name": old_coupon.cpn_nm,
        "kind": value_map(
            old_coupon.cpn_tp, {"rate": "rate", "amount": "amount", "": "amount", "ship": "shipping"}
        ),
        # Typed as 10%, 10, 3,000, 3000원, or left out.
        "discount_value": func.coalesce(
            func.nullif(func.replace(won(old_coupon.disc_val), "%", ""), ""), "0"
        ),
        "status": value_map(old_coupon.st, {"0": "issued", "1": "used", "2": "expired", "9": "revoked"}),
        "issued_at": utc(old_coupon.issue_dt, KOREA),
        "used_at": utc(no_date(old_coupon.use_dt), KOREA),
        "expires_on": day(old_coupon.exp_ymd),
        "memo": blank(old_coupon.memo),
    },
)
