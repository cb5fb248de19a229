"""The old community's tables. Its clock shows UTC."""

from sqlalchemy import and_

from assets.old_spellings import Value
from changeover.mapping import Join, left_join, old

CLOCK = "UTC"

member = old("community", "cm_member")
post = old("community", "cm_post")
comment = old("community", "cm_comment")


def author(uid: Value) -> Join:
    """The account behind ``uid``, unless there is none (a guest wrote) or its owner left."""
    return left_join(member, and_(member.uid == uid, member.left_ymd == ""))
