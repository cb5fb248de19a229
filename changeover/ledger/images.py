"""The manifest: each image that rows name, of which set, and what became of it.

Its ``image_key`` is what rows hold. It is set when the image was stored, and stays: an object that was lost from the bucket is
fetched again, and its rows go on pointing at it. Where the origin has other bytes by then the key becomes another one, and the
image is ``changed`` until all rows that name it were applied again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from changeover.dialects import Block, Dialect, TableName
from changeover.dialects.block import encode
from changeover.images.image import Arrived, Outcome, Refused, Unchanged
from changeover.ledger.clock import now, server_now
from changeover.ledger.tables import image as table

DIGESTS_AT_ONCE = 500
STAGE = "changeover_stage_image"
ATTEMPTS = 5
"""Runs that may fail to get an image for a reason that might pass, before it is rejected for it."""


@dataclass(frozen=True, slots=True)
class Named:
    """An image as a row names it: its URL in the normal form, and as it stands there."""

    digest: str
    url: str
    original_url: str


@dataclass(frozen=True)
class Open:
    """An image that is not stored, as the manifest knows it."""

    digest: str
    state: str
    reason: str | None
    error: str | None


def keys_of(
    connection: sa.Connection, dialect: Dialect, image_set: str, digests: Collection[str]
) -> dict[str, str]:
    """The keys of those images that were stored, by digest."""
    if not digests:
        return {}
    if len(digests) <= DIGESTS_AT_ONCE:
        statement = sa.select(table.c.digest, table.c.image_key).where(
            table.c.digest.in_(sorted(digests)),
            table.c.image_set == image_set,
            table.c.image_key.is_not(None),
        )
        return {row[0]: row[1] for row in connection.execute(statement)}
    stage(connection, dialect, image_set, [(digest,) for digest in sorted(digests)], ("k",))
    statement = sa.text(
        f"SELECT i.digest, i.image_key FROM {dialect.quote(STAGE)} AS s {dialect.then_join} changeover_image AS i "
        "ON i.digest = s.k AND i.image_set = s.image_set WHERE i.image_key IS NOT NULL"
    )
    return {_text(row[0]): _text(row[1]) for row in connection.execute(statement)}


def enter(connection: sa.Connection, dialect: Dialect, image_set: str, named: Sequence[Named]) -> list[Open]:
    """Enter the images that the manifest doesn't know. Returns those of all that are not stored.

    Raises: IntegrityError when another transaction entered one of them at the same time; done again, it finds it.
    """
    rows = [(one.digest, one.url, one.original_url) for one in named]
    stage(connection, dialect, image_set, rows, ("k", "url", "original_url"))
    joined = f"{dialect.quote(STAGE)} AS s LEFT JOIN changeover_image AS i ON i.digest = s.k AND i.image_set = s.image_set"
    asked = sa.text(
        f"SELECT s.k, i.state, i.reason, i.error FROM {joined} "
        "WHERE i.digest IS NULL OR i.state NOT IN ('stored', 'changed')"
    )
    found = [
        Open(_text(row[0]), row[1] or "wanted", row[2], row[3]) for row in connection.execute(asked).all()
    ]
    if found:
        insert = sa.text(
            "INSERT INTO changeover_image (digest, image_set, url, original_url, state, attempts, first_seen) "
            f"SELECT s.k, s.image_set, s.url, s.original_url, 'wanted', 0, :at FROM {joined} WHERE i.digest IS NULL"
        ).bindparams(sa.bindparam("at", now(), sa.DateTime()))
        connection.execute(insert)
    return found


@dataclass(frozen=True)
class Taken:
    """An image that this run moves now."""

    digest: str
    url: str
    etag: str | None
    last_modified: str | None


def take(
    connection: sa.Connection,
    image_set: str,
    digests: Sequence[str],
    token: str,
    seconds: float,
    states: Sequence[str],
) -> list[Taken]:
    """Take those of the images that are in one of these states, and that no other run moves, for so many seconds.

    By the server's clock: machines that disagree about the time agree about who has an image. A run that was killed is no
    attempt: what it counted as one is ours.
    """
    at = server_now(connection)
    for part in _parts(digests):
        mine = sa.and_(table.c.digest.in_(part), table.c.image_set == image_set)
        free = sa.or_(table.c.lease.is_(None), table.c.leased_until < at)
        connection.execute(
            sa.update(table)
            .where(mine, table.c.state.in_(states), free)
            .ordered_values(  # MySQL goes by the new lease in what stands behind it
                (table.c.attempts, table.c.attempts + sa.case((table.c.lease.is_(None), 1), else_=0)),
                (table.c.lease, token),
                (table.c.leased_until, at + timedelta(seconds=seconds)),
            )
        )
    found: list[Taken] = []
    for part in _parts(digests):
        statement = sa.select(table.c.digest, table.c.url, table.c.etag, table.c.last_modified).where(
            table.c.digest.in_(part), table.c.image_set == image_set, table.c.lease == token
        )
        found += [Taken(row[0], row[1], row[2], row[3]) for row in connection.execute(statement)]
    return found


def states_of(connection: sa.Connection, image_set: str, digests: Sequence[str]) -> dict[str, str]:
    """The images' states, by digest."""
    found: dict[str, str] = {}
    for part in _parts(digests):
        statement = sa.select(table.c.digest, table.c.state).where(
            table.c.digest.in_(part), table.c.image_set == image_set
        )
        found.update((row[0], row[1]) for row in connection.execute(statement))
    return found


def renew(connection: sa.Connection, token: str, seconds: float) -> None:
    """Keep what the run has taken for so many seconds more."""
    connection.execute(
        sa.update(table)
        .where(table.c.lease == token)
        .values(leased_until=server_now(connection) + timedelta(seconds=seconds))
    )


def release(connection: sa.Connection, token: str) -> None:
    """Give back what the run has taken and not moved. It was no attempt."""
    connection.execute(
        sa.update(table)
        .where(table.c.lease == token)
        .values(lease=None, leased_until=None, attempts=table.c.attempts - 1)
    )


def record(
    connection: sa.Connection, dialect: Dialect, image_set: str, outcomes: Mapping[str, Outcome]
) -> None:
    """Write what became of images, by digest, and give them back."""
    arrived = {digest: one for digest, one in outcomes.items() if isinstance(one, Arrived)}
    refused = {digest: one for digest, one in outcomes.items() if isinstance(one, Refused)}
    if arrived:
        _record_arrived(connection, dialect, image_set, arrived)
    if refused:
        _record_refused(connection, dialect, image_set, refused)
    for part in _parts(sorted(digest for digest, one in outcomes.items() if isinstance(one, Unchanged))):
        connection.execute(
            sa.update(table)
            .where(table.c.digest.in_(part), table.c.image_set == image_set)
            .values(lease=None, leased_until=None, attempts=table.c.attempts - 1)
        )


CLEARED = ("lease", "leased_until", "reason", "error")
"""What a stored image has none of."""
TEXTS = ("image_key", "state", "final_url", "media_type", "sha256", "etag", "last_modified")
NUMBERS = ("bytes", "width", "height")


def _record_arrived(
    connection: sa.Connection, dialect: Dialect, image_set: str, arrived: Mapping[str, Arrived]
) -> None:
    known = _locked(connection, image_set, sorted(arrived))
    rows = [
        (
            digest,
            *_key_and_state(known.get(digest), one),
            one.final_url,
            one.media_type,
            one.sha256,
            one.etag,
            one.last_modified,
            *(None if number is None else str(number) for number in (one.bytes, one.width, one.height)),
        )
        for digest, one in sorted(arrived.items())
    ]
    stage(connection, dialect, image_set, rows, ("k", *TEXTS, *NUMBERS))
    at = f"'{now():%Y-%m-%d %H:%M:%S.%f}'"
    sets = [(name, f"s.{name}") for name in TEXTS]
    sets += [(name, dialect.integer(f"s.{name}")) for name in NUMBERS]
    sets += [("stored_at", at), ("verified_at", at)]
    update_staged(connection, dialect, [*sets, *((name, "NULL") for name in CLEARED)])


_Known = tuple[str, str | None, str | None]
"""Of an image: state, key, sha256."""


def _locked(connection: sa.Connection, image_set: str, digests: Sequence[str]) -> dict[str, _Known]:
    """What the manifest says of images until this transaction ends: another run may record one of them at the same time."""
    found: dict[str, _Known] = {}
    for part in _parts(digests):
        statement = (
            sa.select(table.c.digest, table.c.state, table.c.image_key, table.c.sha256)
            .where(table.c.digest.in_(part), table.c.image_set == image_set)
            .order_by(table.c.digest)
            .with_for_update()
        )
        found.update((row[0], (row[1], row[2], row[3])) for row in connection.execute(statement))
    return found


def _key_and_state(known: _Known | None, one: Arrived) -> tuple[str, str]:
    """An image whose bytes are what they were keeps its key, however keys are formed by now. Rows may hold a key that was there
    before another one, until they were looked through."""
    state, key, sha256 = known or ("wanted", None, None)
    if key is None:
        return one.key, "stored"
    if state in ("stored", "changed") and sha256 == one.sha256:
        return key, state
    return one.key, "stored" if one.key == key and state != "changed" else "changed"


def _record_refused(
    connection: sa.Connection, dialect: Dialect, image_set: str, refused: Mapping[str, Refused]
) -> None:
    rows = [
        (digest, str(one.reason), one.detail.replace("\0", ""), _again(one))
        for digest, one in sorted(refused.items())
    ]
    stage(connection, dialect, image_set, rows, ("k", "reason", "error", "again"))
    tried = f"s.again = 'some' AND t.attempts < {ATTEMPTS}"
    # What was stored once, by whomever and however long ago, is no reject: rows hold its key.
    state = (
        f"CASE WHEN t.image_key IS NOT NULL OR s.again = 'always' OR {tried} THEN t.state ELSE 'rejected' END"
    )
    sets = [("state", state), ("reason", "s.reason"), ("error", "s.error")]
    update_staged(connection, dialect, [*sets, ("lease", "NULL"), ("leased_until", "NULL")])


def _again(one: Refused) -> str:
    """How often it is tried. What the new bucket doesn't take is not the image's fault."""
    return "never" if not one.again else "always" if one.reason == "bucket" else "some"


def update_staged(connection: sa.Connection, dialect: Dialect, sets: Sequence[tuple[str, str]]) -> None:
    """Set columns of the staged images, which are ``t``, from the stage, which is ``s``."""
    on = "t.digest = s.k AND t.image_set = s.image_set"
    source = f"{dialect.quote(STAGE)} AS s"
    statement = dialect.update(TableName("changeover_image"), sets, source, on, "1 = 1")
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def stage(
    connection: sa.Connection,
    dialect: Dialect,
    image_set: str,
    rows: Sequence[Sequence[str | None]],
    columns: Sequence[str],
) -> None:
    """Stage rows that begin with a digest, each with its set: a planner that is given the set itself, and has no statistics, takes
    all images of it for few, and looks at each of them for each row."""
    data = b"\n".join(b"\t".join(map(encode, (*row, image_set))) for row in rows)
    dialect.stage(connection, STAGE, (*columns, "image_set"), Block(data, len(rows)))


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, (bytes, bytearray)) else value


def _parts(items: Sequence[str]) -> list[list[str]]:
    return [list(items[start : start + DIGESTS_AT_ONCE]) for start in range(0, len(items), DIGESTS_AT_ONCE)]
