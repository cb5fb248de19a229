"""`category`: a key of letters becomes a number, and the parent's code a foreign key."""

from sqlalchemy import func

from assets.old_spellings import blank, code, no_date, trimmed, yes
from assets.shop.old_shop import IMAGES_AT, KOREA, OPENED, banners, existing_category
from assets.shop.old_shop import category as old_category
from changeover.mapping import Assigned, Mapping, image, lookup, utc

category = Mapping(
    target="category",
    root=old_category,
    description="The catalogue's tree. The old key, a code of letters and digits, is kept as `code`; "
    "branches whose parent was deleted become roots.",
    ids=Assigned(),
    columns={
        "code": code(old_category.cat_cd),
        "name": trimmed(old_category.cat_nm),
        "parent_id": lookup("category", existing_category(old_category.up_cat_cd), by="code"),
        "level": old_category.cat_lv,
        "sort_order": old_category.sort_no,
        "is_visible": yes(old_category.disp_yn),
        "banner_url": image(blank(old_category.banner_img), images=banners, url_prefix=IMAGES_AT),
        "created_at": utc(func.coalesce(no_date(old_category.reg_dt), OPENED), KOREA),
    },
)
