"""`comment`, under its old number. Copied by hand once, and drifted since: the backfill finds and mends that."""

from sqlalchemy import and_

from assets.community.old_community import CLOCK, author, member, post
from assets.community.old_community import comment as old_comment
from assets.old_spellings import flag, no_date, trimmed, yes
from changeover.mapping import Mapping, join, left_join, lookup, old, utc

answered = old("community", "cm_comment", alias="answered")

comment = Mapping(
    target="comment",
    root=old_comment,
    description="Comments below posts that still exist. An answer to an erased comment, or to one of "
    "another post, stands by itself.",
    joins=(
        join(post, post.post_no == old_comment.post_no),
        left_join(
            answered, and_(answered.cmt_no == old_comment.p_cmt_no, answered.post_no == old_comment.post_no)
        ),
        author(old_comment.uid),
    ),
    rows_per_range=5_000,
    columns={
        "post_id": lookup("post", post.post_no),
        "parent_id": lookup("comment", answered.cmt_no),
        "author_id": lookup("member", member.uid),
        "author_name": trimmed(old_comment.writer),
        "body": old_comment.cont,
        "like_count": old_comment.good,
        "is_secret": flag(old_comment.secret_fl),
        "is_deleted": yes(old_comment.del_yn),
        "created_at": utc(old_comment.wr_dt, CLOCK),
        "updated_at": utc(no_date(old_comment.up_dt), CLOCK),
    },
)
