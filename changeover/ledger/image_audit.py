"""What the manifest says is in the bucket, and what the bucket said to that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from changeover.ledger.clock import now
from changeover.ledger.tables import image as table

UNNAMED = "unnamed"
"""The reason of a lost image that no row names any more: nobody fetches it again."""


@dataclass(frozen=True)
class StoredImage:
    """A stored image. ``bytes`` is None for one that was entered from a file, and that nobody has looked at."""

    digest: str
    image_set: str
    key: str
    bytes: int | None


def stored(
    connection: sa.Connection, *, after: tuple[str, str] | None = None, limit: int = 500
) -> list[StoredImage]:
    """A page of stored images, in the order of the manifest's key, without those of which rows may hold another key still."""
    statement = (
        sa.select(table.c.digest, table.c.image_set, table.c.image_key, table.c.bytes)
        .where(table.c.image_key.is_not(None), table.c.state != "changed")
        .order_by(table.c.digest, table.c.image_set)
        .limit(limit)
    )
    if after is not None:
        digest = sa.bindparam("after_digest", after[0], table.c.digest.type)
        statement = statement.where(
            sa.or_(table.c.digest > digest, sa.and_(table.c.digest == digest, table.c.image_set > after[1]))
        )
    return [StoredImage(row[0], row[1], row[2], row[3]) for row in connection.execute(statement)]


def verified(connection: sa.Connection, found: Sequence[StoredImage]) -> None:
    """These are in the bucket."""
    _set(connection, found, {"state": "stored", "verified_at": now()})


def lost(connection: sa.Connection, found: Sequence[StoredImage]) -> None:
    """These are not. Their keys stay, since rows hold them; they are fetched again."""
    _set(connection, found, {"state": "lost", "reason": None, "error": None, "verified_at": now()})


def judge_anew(connection: sa.Connection, image_set: str) -> None:
    """All rows are about to be walked: a lost image that some row names is tried then, and has another reason afterwards."""
    connection.execute(sa.update(table).where(_lost(image_set)).values(reason=None, error=None))


def judged(connection: sa.Connection, image_set: str) -> None:
    """All rows were walked: what is lost and was not tried is named by none."""
    tried = sa.or_(table.c.reason.is_not(None), table.c.lease.is_not(None))
    error = "no row of the old tables names it any more"
    connection.execute(
        sa.update(table).where(_lost(image_set), sa.not_(tried)).values(reason=UNNAMED, error=error)
    )


def not_fetched(connection: sa.Connection, image_set: str, refused: Mapping[str, str]) -> None:
    """Lost images, by digest, that rows name and that may not be fetched any more, and why."""
    for error in set(refused.values()):
        mine = table.c.digest.in_([digest for digest, why in refused.items() if why == error])
        connection.execute(sa.update(table).where(_lost(image_set), mine).values(reason="url", error=error))


def known(connection: sa.Connection, keys: Sequence[str]) -> set[str]:
    """Those of the keys that are an image's."""
    statement = sa.select(table.c.image_key).where(table.c.image_key.in_(list(keys)))
    return {row[0] for row in connection.execute(statement)}


def _lost(image_set: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.image_set == image_set, table.c.state == "lost")


def _set(connection: sa.Connection, found: Sequence[StoredImage], values: dict[str, object]) -> None:
    by_set: dict[str, list[str]] = {}
    for one in found:
        by_set.setdefault(one.image_set, []).append(one.digest)
    for name, digests in by_set.items():
        where = sa.and_(table.c.digest.in_(digests), table.c.image_set == name, table.c.state != "changed")
        connection.execute(sa.update(table).where(where).values(values))
