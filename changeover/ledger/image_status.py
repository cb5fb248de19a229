"""What the manifest and the notes tell of: how far each set of images is, and which rows keep their old URLs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from changeover.ledger.image_audit import UNNAMED
from changeover.ledger.tables import image, image_wait, mapping


@dataclass(frozen=True)
class SetStatus:
    """A set of images. ``wanted`` are not moved yet, ``trying`` of them could not be had so far; ``changed`` are among the
    ``stored``, and rows may hold a former key of theirs; ``lost`` were stored, and are not in the bucket any more; ``unnamed`` are
    those of the wanted, rejected and lost that no row names any more, as far as that is known. ``objects`` are what the stored
    images are in the bucket, identical ones being one; ``bytes`` theirs."""

    image_set: str
    wanted: int = 0
    trying: int = 0
    stored: int = 0
    rejected: int = 0
    lost: int = 0
    changed: int = 0
    unnamed: int = 0
    objects: int = 0
    bytes: int = 0

    @property
    def settled(self) -> bool:
        """Every image that a row names is stored, and the rows hold its key."""
        return not self.changed and self.wanted + self.rejected + self.lost <= self.unnamed


@dataclass(frozen=True)
class NotStored:
    """How many images of a set are rejected, or ``wanted`` or ``lost`` and could not be had at the last attempt, for one reason;
    ``detail`` is what was said of one of them."""

    image_set: str
    state: str
    reason: str
    images: int
    detail: str


@dataclass(frozen=True)
class RowsWaiting:
    """Rows of a mapping that keep an old URL: ``waiting`` for their image, or for good, since it was ``rejected``."""

    mapping: str
    target: str
    waiting: int
    rejected: int


@dataclass(frozen=True)
class RejectedRow:
    """A row that keeps an old URL for good, unless the image or the declaration is mended."""

    mapping: str
    target: str
    root_key: str
    column: str
    image_set: str
    url: str
    reason: str
    detail: str


Place = tuple[int, str, str, str]
"""Of a note: the mapping's number, root key, column and digest."""


def sets(connection: sa.Connection) -> list[SetStatus]:
    """All sets, by name. Of those that were never stored, `unnamed` tells how many no row names."""

    def how_many(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.sum(sa.case((condition, 1), else_=0))

    wanted = image.c.state == "wanted"
    states = sa.select(
        image.c.image_set,
        how_many(wanted),
        how_many(sa.and_(wanted, image.c.reason.is_not(None))),
        how_many(image.c.state.in_(("stored", "changed"))),
        *(how_many(image.c.state == state) for state in ("rejected", "lost", "changed")),
        how_many(sa.and_(image.c.state == "lost", image.c.reason == UNNAMED)),
    ).group_by(image.c.image_set)
    each = (
        sa.select(image.c.image_set, sa.func.max(image.c.bytes).label("bytes"))
        .where(image.c.image_key.is_not(None))
        .group_by(image.c.image_set, image.c.image_key)
        .subquery()
    )
    objects = sa.select(each.c.image_set, sa.func.count(), sa.func.sum(each.c.bytes)).group_by(
        each.c.image_set
    )
    stored = {row[0]: (int(row[1]), int(row[2] or 0)) for row in connection.execute(objects)}
    found: list[SetStatus] = []
    for row in connection.execute(states.order_by(image.c.image_set)):
        objects_of, octets = stored.get(row[0], (0, 0))
        names = ("wanted", "trying", "stored", "rejected", "lost", "changed", "unnamed")
        counts = dict(zip(names, map(int, row[1:]), strict=True))
        found.append(SetStatus(row[0], **counts, objects=objects_of, bytes=octets))
    return found


def unnamed(connection: sa.Connection, mappings: Collection[str]) -> dict[str, int]:
    """By set, the images that are wanted or rejected and that no copied row of these mappings names."""
    noted = (
        sa.select(sa.literal(1))
        .select_from(image_wait.join(mapping, mapping.c.id == image_wait.c.mapping_id))
        .where(
            image_wait.c.digest == image.c.digest,
            image_wait.c.image_set == image.c.image_set,
            mapping.c.name.in_(list(mappings)),
        )
    )
    statement = (
        sa.select(image.c.image_set, sa.func.count())
        .where(image.c.state.in_(("wanted", "rejected")), sa.not_(noted.exists()))
        .group_by(image.c.image_set)
    )
    return {row[0]: int(row[1]) for row in connection.execute(statement)}


def not_stored(connection: sa.Connection) -> list[NotStored]:
    """Why images are not stored: set by set, what most of them have first."""
    number = sa.func.count().label("images")
    statement = (
        sa.select(image.c.image_set, image.c.state, image.c.reason, number, sa.func.min(image.c.error))
        .where(image.c.state.in_(("wanted", "rejected", "lost")), image.c.reason.is_not(None))
        .group_by(image.c.image_set, image.c.state, image.c.reason)
        .order_by(image.c.image_set, image.c.state.desc(), number.desc(), image.c.reason)
    )
    return [
        NotStored(name, state, reason, int(images), detail or "")
        for name, state, reason, images, detail in connection.execute(statement)
    ]


def rows_waiting(
    connection: sa.Connection, mappings: Collection[str] | None = None, *, image_set: str | None = None
) -> list[RowsWaiting]:
    """The mappings with rows that keep an old URL (of an image of the set), by name: of these, or all that the ledger knows."""
    refused = _refused()
    root = image_wait.c.root_key
    statement = (
        sa.select(
            mapping.c.name,
            mapping.c.target,
            sa.func.count(sa.distinct(sa.case((sa.not_(refused), root)))),
            sa.func.count(sa.distinct(sa.case((refused, root)))),
        )
        .select_from(_noted())
        .group_by(mapping.c.name, mapping.c.target)
        .order_by(mapping.c.name)
    )
    if image_set is not None:
        statement = statement.where(image_wait.c.image_set == image_set)
    if mappings is not None:
        statement = statement.where(mapping.c.name.in_(list(mappings)))
    return [RowsWaiting(row[0], row[1], int(row[2]), int(row[3])) for row in connection.execute(statement)]


def rejected_rows(
    connection: sa.Connection,
    *,
    mappings: Collection[str] | None = None,
    after: Place | None = None,
    limit: int = 100,
) -> list[tuple[Place, RejectedRow]]:
    """A page of rows that keep an old URL since its image was rejected, with where each note stands."""
    w = image_wait.c
    place = (w.mapping_id, w.root_key, w.column_name, w.digest)
    statement = (
        sa.select(
            *place,
            mapping.c.name,
            mapping.c.target,
            w.image_set,
            w.original_url,
            sa.func.coalesce(image.c.reason, "refused"),
            sa.func.coalesce(image.c.error, w.reason, ""),
        )
        .select_from(_noted())
        .where(_refused())
        .order_by(*place)
        .limit(limit)
    )
    if mappings is not None:
        statement = statement.where(mapping.c.name.in_(list(mappings)))
    if after is not None:
        values = [sa.bindparam(None, v, c.type) for v, c in zip(after, place, strict=True)]
        statement = statement.where(
            sa.or_(
                *(
                    sa.and_(
                        *(c == v for c, v in zip(place[:n], values[:n], strict=True)), place[n] > values[n]
                    )
                    for n in range(len(place))
                )
            )
        )
    found: list[tuple[Place, RejectedRow]] = []
    for row in connection.execute(statement):
        at: Place = (int(row[0]), row[1], row[2], row[3])
        found.append((at, RejectedRow(row[4], row[5], row[1], row[2], row[6], row[7], row[8], row[9])))
    return found


def _noted() -> sa.FromClause:
    same = sa.and_(image.c.digest == image_wait.c.digest, image.c.image_set == image_wait.c.image_set)
    return image_wait.join(mapping, mapping.c.id == image_wait.c.mapping_id).outerjoin(image, same)


def _refused() -> sa.ColumnElement[bool]:
    """Its text may not be fetched, or its image was rejected. Never NULL."""
    rejected = sa.func.coalesce(image.c.state, "wanted") == "rejected"
    return sa.or_(image_wait.c.reason.is_not(None), rejected)
