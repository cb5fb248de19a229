"""Images whose key became another one, while rows hold the former: which they are, until all rows were looked through.

The race: an image changes again while rows are looked through for its former change. So who looks marks the images that it looks
for, whoever marked them before, and settles those alone that still have its mark when all rows were applied.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from changeover.ledger.clock import server_now
from changeover.ledger.images import DIGESTS_AT_ONCE, Named
from changeover.ledger.tables import image as table


def refreshable(
    connection: sa.Connection, image_set: str, *, after: str = "", limit: int = 1_000
) -> list[Named]:
    """A page of stored images of which it is known what bytes they had, by digest."""
    digest = table.c.digest
    statement = (
        sa.select(digest, table.c.url, table.c.original_url)
        .where(
            table.c.image_set == image_set,
            table.c.state.in_(("stored", "changed")),
            table.c.sha256.is_not(None),
        )
        .order_by(digest)
        .limit(limit)
    )
    if after:
        statement = statement.where(digest > sa.bindparam("after_digest", after, digest.type))
    return [Named(row[0], row[1], row[2]) for row in connection.execute(statement)]


def any_changed(connection: sa.Connection, image_sets: Collection[str]) -> bool:
    """Whether rows may hold the former key of an image of these sets."""
    statement = sa.select(sa.literal(1)).where(
        table.c.image_set.in_(sorted(image_sets)), table.c.state == "changed"
    )
    return connection.execute(statement.limit(1)).first() is not None


def mark(connection: sa.Connection, image_set: str, token: str) -> int:
    """Mark the set's changed images; how many there are. A mark keeps nobody from moving an image."""
    done = connection.execute(
        sa.update(table)
        .where(table.c.image_set == image_set, table.c.state == "changed")
        .values(lease=token, leased_until=server_now(connection))
    )
    return done.rowcount


def changed(connection: sa.Connection, image_set: str, digests: Collection[str]) -> set[str]:
    """Those of the images that are changed."""
    found: set[str] = set()
    listed = sorted(digests)
    for start in range(0, len(listed), DIGESTS_AT_ONCE):
        statement = sa.select(table.c.digest).where(
            table.c.digest.in_(listed[start : start + DIGESTS_AT_ONCE]),
            table.c.image_set == image_set,
            table.c.state == "changed",
        )
        found.update(connection.execute(statement).scalars())
    return found


def settle(connection: sa.Connection, token: str) -> None:
    """All rows that name the images which still have this mark were applied."""
    connection.execute(
        sa.update(table)
        .where(table.c.lease == token, table.c.state == "changed")
        .values(state="stored", lease=None, leased_until=None)
    )
