"""`post`, under its old number."""

from sqlalchemy import func

from assets.community.old_community import CLOCK, author, member
from assets.community.old_community import post as old_post
from assets.old_spellings import blank, flag, no_date, trimmed, yes
from changeover.mapping import Mapping, lookup, utc

UNTITLED = "(제목 없음)"

post = Mapping(
    target="post",
    root=old_post,
    description="Posts of all boards, the deleted ones too. Half of them were copied by hand before: what"
    " is right stays untouched. The old count of comments was wrong and is not moved, nor is "
    "the IP address.",
    joins=(author(old_post.uid),),
    rows_per_range=5_000,
    columns={
        "author_id": lookup("member", member.uid),
        "author_name": trimmed(old_post.writer),
        "board": func.lower(trimmed(old_post.board_cd)),
        "title": func.coalesce(blank(trimmed(old_post.subj)), UNTITLED),
        "body": old_post.cont,
        "view_count": old_post.hit,
        "like_count": old_post.good,
        "dislike_count": old_post.bad,
        "is_notice": flag(old_post.notice_fl),
        "is_secret": flag(old_post.secret_fl),
        "is_deleted": yes(old_post.del_yn),
        "created_at": utc(old_post.wr_dt, CLOCK),
        "updated_at": utc(no_date(old_post.up_dt), CLOCK),
    },
)
