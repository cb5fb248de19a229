"""Rows that keep an old URL, since its image is not stored: which root, in which column, waits for which image.

A note is written, and removed, in the transaction that writes the row. So whoever sees a row with an old URL where the manifest has
a key sees its note as well, and knows that the row is to be applied again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from changeover.dialects import Block, Dialect
from changeover.dialects.block import encode
from changeover.ledger.clock import server_now
from changeover.ledger.crossed import noting
from changeover.ledger.images import Named
from changeover.ledger.tables import KeyText, image
from changeover.ledger.tables import image_wait as table

KEYS_AT_ONCE = 500
STAGE = "changeover_stage_image_wait"
_FIELDS = ("column_name", "digest", "image_set", "url", "original_url", "reason")


@dataclass(frozen=True, slots=True)
class Wait:
    """A root that waits. ``url`` is None, and ``reason`` says why, where the text is no URL that may be fetched."""

    root_key: str
    column: str
    digest: str
    image_set: str
    url: str | None
    original_url: str
    reason: str | None = None


Noted = dict[str, set[tuple[str, str, bool]]]
"""By root key, the columns and the digests of its notes, and whether the image may be fetched."""


def any_noted(connection: sa.Connection, mapping_id: int) -> bool:
    """Whether some root of the mapping has a note; costs one look at an index."""
    statement = sa.select(sa.literal(1)).where(table.c.mapping_id == mapping_id).limit(1)
    return connection.execute(statement).first() is not None


def staged(connection: sa.Connection, dialect: Dialect, mapping_id: int, stage: str) -> Noted:
    """The notes of the staged roots. ``stage`` is the quoted name of the stage."""
    statement = sa.text(
        "SELECT w.root_key, w.column_name, w.digest, CASE WHEN w.url IS NULL THEN 0 ELSE 1 END AS fetched "
        f"FROM {stage} AS s {dialect.then_join} changeover_image_wait AS w "
        f"ON w.mapping_id = {dialect.constant_after(mapping_id, 's.k')} AND w.root_key = s.k"
    )
    typed = statement.columns(
        sa.column("root_key", KeyText()),
        sa.column("column_name"),
        sa.column("digest", KeyText()),
        sa.column("fetched", sa.Integer),
    )
    return _by_root(connection.execute(typed))


def of_roots(connection: sa.Connection, mapping_id: int, roots: Sequence[str]) -> Noted:
    """The notes of some roots."""
    found: Noted = {}
    for part in _parts(roots):
        fetched = sa.case((table.c.url.is_(None), 0), else_=1)
        statement = sa.select(table.c.root_key, table.c.column_name, table.c.digest, fetched).where(
            table.c.mapping_id == mapping_id, table.c.root_key.in_(part)
        )
        found |= _by_root(connection.execute(statement))
    return found


def settle(
    connection: sa.Connection, dialect: Dialect, mapping_id: int, known: Noted, found: Iterable[Wait]
) -> None:
    """Make the notes of the roots in ``known`` and ``found`` be exactly ``found``. ``known`` are the notes that they have."""
    wanted: dict[str, dict[tuple[str, str], Wait]] = {}
    for one in found:
        wanted.setdefault(one.root_key, {})[(one.column, one.digest)] = one
    says = {
        root: {(*place, one.url is not None) for place, one in waits.items()}
        for root, waits in wanted.items()
    }
    changed = {root for root in known.keys() | says.keys() if known.get(root) != says.get(root)}
    for part in _parts(sorted(changed & known.keys())):
        connection.execute(
            sa.delete(table).where(table.c.mapping_id == mapping_id, table.c.root_key.in_(part))
        )
    new = [one for root in sorted(changed & wanted.keys()) for one in wanted[root].values()]
    if new:
        _insert(connection, dialect, mapping_id, new)


def arrived(connection: sa.Connection, mapping_id: int, roots: Sequence[str]) -> set[str]:
    """Those of the roots that wait for an image which is stored by now: they are to be applied again."""
    found: set[str] = set()
    for part in _parts(roots):
        statement = _arrived().where(table.c.mapping_id == mapping_id, table.c.root_key.in_(part))
        found.update(connection.execute(statement).scalars())
    return found


def ripe(
    connection: sa.Connection, mapping_id: int, *, after: str = "", limit: int = KEYS_AT_ONCE
) -> list[str]:
    """A page of the mapping's roots that wait for an image which is stored by now, in byte order."""
    statement = _arrived().where(table.c.mapping_id == mapping_id)
    if after:
        statement = statement.where(
            table.c.root_key > sa.bindparam("after_key", after, table.c.root_key.type)
        )
    statement = statement.distinct().order_by(table.c.root_key).limit(limit)
    return list(connection.execute(statement).scalars())


def refused(
    connection: sa.Connection, mapping_id: int, *, after: str = "", limit: int = KEYS_AT_ONCE
) -> list[Wait]:
    """A page of the mapping's notes of texts that are no URLs which may be fetched: of ``limit`` roots, in byte order."""
    roots = sa.select(table.c.root_key).where(table.c.mapping_id == mapping_id, table.c.reason.is_not(None))
    if after:
        roots = roots.where(table.c.root_key > sa.bindparam("after_key", after, table.c.root_key.type))
    keys = list(connection.execute(roots.distinct().order_by(table.c.root_key).limit(limit)).scalars())
    return _waits(connection, mapping_id, keys)


def naming(
    connection: sa.Connection, image_set: str, digests: Sequence[str], limit: int
) -> list[tuple[int, str, str, str]]:
    """At most ``limit`` notes of each of some images: mapping's number, root key, column and digest."""
    return [one for digest in digests for one in _naming(connection, image_set, digest, limit)]


def _naming(
    connection: sa.Connection, image_set: str, digest: str, limit: int
) -> list[tuple[int, str, str, str]]:
    statement = (
        sa.select(table.c.mapping_id, table.c.root_key, table.c.column_name, table.c.digest)
        .where(table.c.digest == digest, table.c.image_set == image_set)
        .limit(limit)
    )
    return [(int(row[0]), row[1], row[2], row[3]) for row in connection.execute(statement)]


def due(
    connection: sa.Connection,
    mapping_id: int,
    image_set: str,
    digests: Sequence[str],
    *,
    after: str = "",
    limit: int = KEYS_AT_ONCE,
) -> list[str]:
    """A page of the mapping's roots with a note of one of at most `KEYS_AT_ONCE` images that are to be applied now, in byte order:
    of their images some are stored by now, and none is being moved. Whoever moves the last one finds them again."""
    root = table.c.root_key
    noted = sa.select(root).where(
        table.c.digest.in_(digests), table.c.image_set == image_set, table.c.mapping_id == mapping_id
    )
    if after:
        noted = noted.where(root > sa.bindparam("after_key", after, root.type))
    # Each root once: one of thousands of images is not to be looked through for each of them.
    roots = noted.distinct().subquery()
    under_way = image.c.leased_until >= server_now(connection)
    statement = sa.select(roots.c.root_key).where(
        sa.not_(_also(mapping_id, roots.c.root_key, under_way)),
        _also(mapping_id, roots.c.root_key, image.c.image_key.is_not(None)),
    )
    return list(connection.execute(statement.order_by(roots.c.root_key).limit(limit)).scalars())


def wanted(
    connection: sa.Connection,
    mapping_ids: Collection[int],
    image_set: str,
    *,
    after: str = "",
    limit: int = KEYS_AT_ONCE,
) -> list[Named]:
    """A page of the images that rows of these mappings wait for and that are neither stored nor rejected, by digest."""
    same = sa.and_(image.c.digest == table.c.digest, image.c.image_set == table.c.image_set)
    left = sa.or_(image.c.digest.is_(None), image.c.state.in_(("wanted", "lost")))
    statement = (
        sa.select(table.c.digest, sa.func.min(table.c.url), sa.func.min(table.c.original_url))
        .outerjoin(image, same)
        .where(
            table.c.mapping_id.in_(sorted(mapping_ids)),
            table.c.image_set == image_set,
            table.c.url.is_not(None),
            left,
        )
        .group_by(table.c.digest)
        .order_by(table.c.digest)
        .limit(limit)
    )
    if after:
        bound = sa.bindparam("after_digest", after, table.c.digest.type)
        statement = statement.where(table.c.digest > bound)
    return [Named(row[0], row[1], row[2]) for row in connection.execute(statement)]


def _waits(connection: sa.Connection, mapping_id: int, roots: Sequence[str]) -> list[Wait]:
    names = (table.c.root_key, table.c.column_name, table.c.digest, table.c.image_set)
    statement = (
        sa.select(*names, table.c.url, table.c.original_url, table.c.reason)
        .where(
            table.c.mapping_id == mapping_id, table.c.root_key.in_(list(roots)), table.c.reason.is_not(None)
        )
        .order_by(table.c.root_key)
    )
    return [Wait(*row) for row in connection.execute(statement)] if roots else []


def _also(mapping_id: int, root: sa.ColumnElement[str], so: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """A root has a note of an image of which something is so."""
    same = sa.and_(image.c.digest == table.c.digest, image.c.image_set == table.c.image_set)
    mine = sa.and_(table.c.mapping_id == mapping_id, table.c.root_key == root)
    return sa.select(sa.literal(1)).select_from(table.join(image, same)).where(mine, so).exists()


def _arrived() -> sa.Select[Any]:
    same = sa.and_(image.c.digest == table.c.digest, image.c.image_set == table.c.image_set)
    return sa.select(table.c.root_key).join(image, same).where(image.c.image_key.is_not(None))


def _insert(connection: sa.Connection, dialect: Dialect, mapping_id: int, new: Sequence[Wait]) -> None:
    lines = [
        b"\t".join(
            map(
                encode,
                (
                    one.root_key,
                    one.column,
                    one.digest,
                    one.image_set,
                    one.url,
                    one.original_url,
                    one.reason,
                ),
            )
        )
        for one in new
    ]
    dialect.stage(connection, STAGE, ("k", *_FIELDS), Block(b"\n".join(lines), len(lines)))
    names = ", ".join(_FIELDS)
    statement = (
        f"INSERT INTO changeover_image_wait (mapping_id, root_key, {names}) "
        f"SELECT {int(mapping_id)}, s.k, {', '.join(f's.{name}' for name in _FIELDS)} "
        f"FROM {dialect.quote(STAGE)} AS s"
    )
    with noting():
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def _by_root(found: Iterable[Any]) -> Noted:
    noted: Noted = {}
    for root, column, digest, fetched in found:
        noted.setdefault(root, set()).add((column, digest, bool(fetched)))
    return noted


def _parts(items: Sequence[str]) -> list[list[str]]:
    return [list(items[start : start + KEYS_AT_ONCE]) for start in range(0, len(items), KEYS_AT_ONCE)]
