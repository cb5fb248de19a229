"""The remains of an earlier move: half of the community, copied into the new database by hand, and drifted since.

Somebody once copied the older half of the members, posts and comments with a bulk insert. The old comments lived on:
some were edited, some erased (the copy still has them), and some never arrived. The copy is what the backfill finds
in its way: it has to leave alone what is right, mend what is not, and take over members under the ids they have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

import sqlalchemy as sa

from demo.old.build import sample_for
from demo.old.community import comment, member, post
from demo.old.load import continue_keys, load, loading_connection
from demo.old.people import community_account, is_moved
from demo.old.sample import Row, Sample, Value

MISSING, EDITED, KEPT = 121, 122, 123


@dataclass(frozen=True)
class BulkCopy:
    """How many rows were put into the new database, and how many of its comments are wrong.

    edited: comments whose text or likes differ from the old ones. erased: comments that the old side has no more.
    missing: comments of the copied half that the old side has, below a post that exists, and the copy lacks.
    """

    members: int
    posts: int
    comments: int
    edited: int
    erased: int
    missing: int


def seed_new(engine: sa.Engine, scale: float = 1.0, seed: int = Sample.seed) -> BulkCopy:
    """Put the copy into the new database, whose tables `member`, `post` and `comment` must exist and be empty.

    engine: the new database. scale, seed: those the old community was built with. Returns what the copy holds.
    Raises what the database raises where a row is in the way.
    """
    sample = sample_for(engine, scale, seed)
    drift = _Drift()
    with loading_connection(engine) as connection:
        members = load(connection, MEMBER, _members(sample))
        posts = load(connection, POST, _posts(sample))
        comments = load(connection, COMMENT, _comments(sample, drift))
        for table in (MEMBER, POST, COMMENT):
            continue_keys(connection, table, "id")
        connection.commit()
    return BulkCopy(members, posts, comments, drift.edited, drift.erased, drift.missing)


def member_id(uid: int) -> int:
    """The id under which the copy has the community's member `uid`: one the new application handed out by itself."""
    return 5_000 + 3 * uid


def _table(name: str, columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column) for column in columns.split()))


MEMBER = _table(
    "member",
    "id email nickname bio avatar_url reputation community_level is_profile_public community_joined_at "
    "community_seen_at",
)
POST = _table(
    "post",
    "id author_id author_name board title body view_count like_count dislike_count is_notice is_secret is_deleted "
    "created_at updated_at",
)
COMMENT = _table(
    "comment",
    "id post_id parent_id author_id author_name body like_count is_secret is_deleted created_at updated_at",
)


class _Drift:
    """What `_comments` counts while its rows stream by."""

    edited = 0
    erased = 0
    missing = 0


def _members(sample: Sample) -> Iterator[Row]:
    last = sample.count("cm_member") // 2 + 2  # nobody later wrote in the first half
    for row in takewhile(lambda row: _number(row[0]) <= last, member.rows(sample)):
        uid, _, _, nick, email, signature, icon, points, level, is_open, left, joined, seen = row
        if left:
            continue
        address = str(email).strip(" ").lower() or f"community-{uid}@no-email.invalid"
        yield (
            *(member_id(_number(uid)), address, str(nick).strip(" "), signature or None, icon or None),
            *(points, level, is_open, _time(sample, joined), _time(sample, seen)),
        )


def _posts(sample: Sample) -> Iterator[Row]:
    last = sample.count("cm_post") // 2
    for row in takewhile(lambda row: _number(row[0]) <= last, post.rows(sample)):
        (number, board, uid, writer, title, body, hits, good, bad, _, notice, secret, deleted, _, *times) = (
            row
        )
        yield (
            *(number, _author(sample, uid), str(writer).strip(" ")),
            *(str(board).strip(" ").lower(), str(title).strip(" ") or "(제목 없음)", body, hits, good, bad),
            *(notice, secret, _yes(deleted), *(_time(sample, time) for time in times)),
        )


def _comments(sample: Sample, drift: _Drift) -> Iterator[Row]:
    last_post = sample.count("cm_post") // 2
    half = takewhile(lambda one: comment.post_of(sample, one[0]) <= last_post, comment.written(sample))
    for number, row in half:
        _, below, parent, uid, writer, body, good, secret, deleted, *times = row
        if post.gone(sample, _number(below)):
            continue
        if comment.erased(sample, number):
            if not sample.one_in(2, KEPT, number):
                continue
            drift.erased += 1
        elif _is_missing(sample, number):
            drift.missing += 1
            continue
        elif sample.one_in(33, EDITED, number):
            drift.edited += 1
            body, good = f"{body} (수정)", _number(good) + 1
        answers = parent if parent and not comment.erased(sample, _number(parent)) else None
        yield (
            *(number, below, answers, _author(sample, uid)),
            *(str(writer).strip(" "), body, good, secret, _yes(deleted)),
            *(_time(sample, time) for time in times),
        )


def _is_missing(sample: Sample, number: int) -> bool:
    """2 %, of comments that nobody answers: an answer in the copy needs what it answers."""
    answered = any(comment.parent_of(sample, later) == number for later in range(number + 1, number + 4))
    return not answered and sample.one_in(50, MISSING, number)


def _author(sample: Sample, uid: Value) -> int | None:
    number = _number(uid)
    return member_id(number) if number and is_moved(community_account(sample, number)) else None


def _yes(value: Value) -> int:
    return int(str(value).upper() == "Y")


def _time(sample: Sample, value: Value) -> Value:
    return None if value == sample.zero_datetime else value


def _number(value: Value) -> int:
    if not isinstance(value, int):
        raise TypeError(f"expected a number, not a {type(value).__name__}")
    return value
