"""The old community's tables. Its clock shows UTC."""

from sqlalchemy import and_

from assets.old_spellings import Value
from changeover.mapping import ImageSet, Join, left_join, old

CLOCK = "UTC"

IMAGES_AT = "https://img.newshop.example/"
"""Where the new service shows its bucket's objects."""

avatars = ImageSet("avatars", hosts=("img.oldshop.example",), prefix="avatar/")

member = old("community", "cm_member")
post = old("community", "cm_post")
comment = old("community", "cm_comment")


def author(uid: Value) -> Join:
    """The account behind ``uid``, unless there is none (a guest wrote) or its owner left."""
    return left_join(member, and_(member.uid == uid, member.left_ymd == ""))
