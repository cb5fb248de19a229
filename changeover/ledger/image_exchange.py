"""Stored images that come into the manifest from outside, or leave it: what a file keeps of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from changeover.dialects import Dialect
from changeover.ledger.clock import now
from changeover.ledger.images import CLEARED, stage, update_staged
from changeover.ledger.tables import image as table

TEXTS = ("media_type", "sha256", "final_url", "etag", "last_modified")
NUMBERS = ("bytes", "width", "height")


@dataclass(frozen=True)
class MovedImage:
    """An image that is in a bucket. All but its key is None where nobody knows which bytes it had."""

    key: str
    bytes: int | None = None
    media_type: str | None = None
    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    final_url: str | None = None
    etag: str | None = None
    last_modified: str | None = None


def bring(
    connection: sa.Connection, dialect: Dialect, image_set: str, moved: Mapping[str, MovedImage]
) -> None:
    """Images that were stored before, by digest: stored, and not verified."""
    if not moved:
        return
    rows = [
        (
            digest,
            one.key,
            *(getattr(one, name) for name in TEXTS),
            *(None if (n := getattr(one, name)) is None else str(n) for name in NUMBERS),
        )
        for digest, one in sorted(moved.items())
    ]
    stage(connection, dialect, image_set, rows, ("k", "image_key", *TEXTS, *NUMBERS))
    at = f"'{now():%Y-%m-%d %H:%M:%S.%f}'"
    sets = [("image_key", "s.image_key"), ("state", "'stored'"), ("stored_at", at)]
    sets += [(name, f"s.{name}") for name in TEXTS]
    sets += [(name, dialect.integer(f"s.{name}")) for name in NUMBERS]
    update_staged(connection, dialect, [*sets, *((name, "NULL") for name in CLEARED)])


def page(
    connection: sa.Connection, image_set: str, *, after: str = "", limit: int = 1_000
) -> list[tuple[str, str, MovedImage]]:
    """A page of a set's images that are in the bucket, with digest and URL, by digest. Lost ones are left out."""
    c = table.c
    columns: list[sa.ColumnElement[Any]] = [c.digest, c.url, c.image_key]
    columns += [c[name] for name in (*TEXTS, *NUMBERS)]
    statement = (
        sa.select(*columns)
        .where(c.image_set == image_set, c.state.in_(("stored", "changed")))
        .order_by(c.digest)
        .limit(limit)
    )
    if after:
        statement = statement.where(c.digest > sa.bindparam("after_digest", after, c.digest.type))
    found: list[tuple[str, str, MovedImage]] = []
    for row in connection.execute(statement):
        digest, url, key, *told = tuple(row)
        found.append((digest, url, MovedImage(key, **dict(zip((*TEXTS, *NUMBERS), told, strict=True)))))
    return found
