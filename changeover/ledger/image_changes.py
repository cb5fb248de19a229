"""Images whose key became another one, while rows hold the former: which they are, until all rows were looked through.

The race: an image changes again while rows are looked through for its former change. So who looks marks the images that it looks
for, whoever marked them before, and settles those alone that still have its mark when all rows were applied.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from changeover.dialects import Dialect, TableName
from changeover.ledger.clock import server_now
from changeover.ledger.images import DIGESTS_AT_ONCE, STAGE, Named, stage
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


@dataclass(frozen=True, slots=True)
class Keyed:
    """A stored image of which it is known what bytes it has."""

    digest: str
    url: str
    key: str
    sha256: str
    media_type: str


def keyed(connection: sa.Connection, image_set: str, *, after: str = "", limit: int = 500) -> list[Keyed]:
    """A page of the set's images that are in the bucket and of which it is known what bytes they have, by digest."""
    c = table.c
    statement = sa.select(c.digest, c.url, c.image_key, c.sha256, c.media_type).where(_keyed(image_set))
    if after:
        statement = statement.where(c.digest > sa.bindparam("after_digest", after, c.digest.type))
    return [Keyed(*row) for row in connection.execute(statement.order_by(c.digest).limit(limit))]


def former_keys(connection: sa.Connection, image_set: str, prefix: str, *, by_content: bool) -> int:
    """How many of them have a key that looks like another scheme's or prefix's."""
    whole = table.c.image_key.contains(table.c.sha256)
    other = sa.or_(
        sa.not_(table.c.image_key.startswith(prefix, autoescape=True)),
        sa.not_(whole) if by_content else whole,
    )
    statement = sa.select(sa.func.count()).select_from(table).where(_keyed(image_set), other)
    return int(connection.execute(statement).scalar_one())


def rekeyed(
    connection: sa.Connection,
    dialect: Dialect,
    image_set: str,
    token: str,
    keys: Mapping[str, tuple[str, str]],
) -> None:
    """Give images, by digest, another key in place of a former one, and give them back. Rows hold the former until they were looked
    through. An image that another run has taken since, or given another key, stays as it is."""
    if not keys:
        return
    rows = [(digest, former, key) for digest, (former, key) in sorted(keys.items())]
    stage(connection, dialect, image_set, rows, ("k", "former", "image_key"))
    sets = [("image_key", "s.image_key"), ("state", "'changed'"), ("attempts", "t.attempts - 1")]
    sets += [("lease", "NULL"), ("leased_until", "NULL")]
    on = "t.digest = s.k AND t.image_set = s.image_set"
    where = f"t.lease = '{token}' AND t.image_key = s.former"
    source = f"{dialect.quote(STAGE)} AS s"
    statement = dialect.update(TableName("changeover_image"), sets, source, on, where)
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


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


def _keyed(image_set: str) -> sa.ColumnElement[bool]:
    known = (table.c.sha256.is_not(None), table.c.media_type.is_not(None))
    return sa.and_(table.c.image_set == image_set, table.c.state.in_(("stored", "changed")), *known)
