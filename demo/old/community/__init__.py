"""The community: the bulletin boards beside the shop, with members of their own.

Some members are the shop's customers under the same e-mail address in other letters. Posts and comments carry the
member's number or 0, and the name as it was then. Times are UTC.
"""

from demo.old.community import comment, member, post
from demo.old.community.metadata import METADATA
from demo.old.table import OldTable

TABLES = (
    OldTable(member.TABLE, member.rows),
    OldTable(post.TABLE, post.rows),
    OldTable(comment.TABLE, comment.rows),
)

__all__ = ["METADATA", "TABLES"]
