"""Ranges in the ledger: appended by the planner, advanced chunk by chunk in the transaction that writes the chunk."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from changeover.errors import ChangeoverError, RangeTakenOver
from changeover.keyset.key import KeyValues, dump, restore
from changeover.ledger import drift, verified
from changeover.ledger.clock import now
from changeover.ledger.tables import range_ as table
from changeover.ledger.whole import WHOLE, WHOLE_TABLE

COUNTS = ("rows_read", "inserted", "updated", "unchanged", "deleted", "rejected", "bytes")
_SUMMED = (*COUNTS, "due")


@dataclass(frozen=True)
class KeyRange:
    """A partition: the roots with keys in ``(lower, upper]``, and how far its current or last run came.

    Counts are of the last attempt that started at the range's beginning, resumptions included; ``seconds`` is time spent on
    chunks, in all of its workers; ``bytes`` is canonical text. ``due`` is what written, unchanged and rejected rows must add up
    to; None when the range was copied before that was counted.
    """

    root: str
    no: int
    name: str
    lower: KeyValues | None
    upper: KeyValues
    rows_planned: int
    status: str
    attempts: int
    position: KeyValues | None
    fingerprint: str | None
    rows_read: int
    inserted: int
    updated: int
    unchanged: int
    deleted: int
    rejected: int
    due: int | None
    bytes: int
    seconds: float
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None

    @property
    def written(self) -> int:
        """Rows inserted or updated."""
        return self.inserted + self.updated

    @property
    def accounted(self) -> int:
        """Rows of which it is known what became of them: written, found right, or rejected."""
        return self.written + self.unchanged + self.rejected

    @property
    def rate(self) -> float:
        """Rows read a second."""
        return self.rows_read / self.seconds if self.seconds else 0.0


def whole_table(root: str) -> KeyRange:
    """What stands for a root's tables as a whole, where a range would. The ledger has no such range."""
    return KeyRange(
        root=root,
        no=WHOLE,
        name=WHOLE_TABLE,
        lower=None,
        upper=(),
        rows_planned=0,
        status="done",
        attempts=1,
        position=None,
        fingerprint=None,
        **dict.fromkeys(COUNTS, 0),
        due=None,
        seconds=0.0,
        started_at=None,
        finished_at=None,
        error=None,
    )


@dataclass(frozen=True)
class Planned:
    """A range about to be appended."""

    no: int
    name: str
    lower: KeyValues | None
    upper: KeyValues
    rows: int


def append(connection: sa.Connection, root: str, ranges: Sequence[Planned]) -> None:
    """Append ranges. Raises the database's IntegrityError when another planner appended the same numbers first."""
    rows = [
        {
            "root": root,
            "no": r.no,
            "name": r.name,
            "lower_key": dump(r.lower),
            "upper_key": dump(r.upper),
            "rows_planned": r.rows,
            "status": "planned",
            "attempts": 0,
            "seconds": 0.0,
            **dict.fromkeys(_SUMMED, 0),
        }
        for r in ranges
    ]
    if rows:
        connection.execute(sa.insert(table), rows)


def ranges_of(connection: sa.Connection, root: str) -> list[KeyRange]:
    """The root's ranges in the order of their keys."""
    return [
        _range(row)
        for row in connection.execute(
            sa.select(table).where(table.c.root == root).order_by(table.c.no)
        ).mappings()
    ]


def last_range(connection: sa.Connection, root: str) -> KeyRange | None:
    """The root's last range, or None when it isn't planned."""
    row = (
        connection.execute(sa.select(table).where(table.c.root == root).order_by(table.c.no.desc()).limit(1))
        .mappings()
        .first()
    )
    return _range(row) if row else None


def part_named(connection: sa.Connection, root: str, name: str) -> KeyRange:
    """The range of this name, or what stands for the table as a whole. Raises ChangeoverError if there is none."""
    return whole_table(root) if name == WHOLE_TABLE else range_named(connection, root, name)


def range_named(connection: sa.Connection, root: str, name: str) -> KeyRange:
    """The range of this name. Raises ChangeoverError, saying what to do, if there is none."""
    row = (
        connection.execute(sa.select(table).where(table.c.root == root, table.c.name == name))
        .mappings()
        .first()
    )
    if row is None:
        raise ChangeoverError(
            f"{root} has no range {name!r}: `changeover status {root} --ranges` lists them, `changeover plan` makes them"
        )
    return _range(row)


def start(connection: sa.Connection, found: KeyRange, fingerprint: str) -> tuple[str, KeyRange]:
    """Take the range for a run. Returns the run's token and the range as it is to be worked on. It is not verified any more.

    An unfinished run is resumed at its last committed chunk, unless the mapping changed since; a finished one starts over.
    """
    token = str(uuid.uuid4())
    row = connection.execute(sa.select(table).where(_is(found)).with_for_update()).mappings().one()
    current = _range(row)
    resume = current.status != "done" and current.position is not None and current.fingerprint == fingerprint
    values: dict[str, Any] = {
        "status": "running",
        "token": token,
        "attempts": current.attempts + 1,
        "error": None,
        "fingerprint": fingerprint,
        "finished_at": None,
    }
    if not resume:
        values |= {"position": None, "seconds": 0.0, "started_at": now(), **dict.fromkeys(_SUMMED, 0)}
    connection.execute(sa.update(table).where(_is(found)).values(**values))
    verified.outdate(connection, found.root, found.no)
    return token, _range(connection.execute(sa.select(table).where(_is(found))).mappings().one())


def advance(
    connection: sa.Connection,
    found: KeyRange,
    token: str,
    position: KeyValues,
    counts: dict[str, int],
    seconds: float,
) -> None:
    """Record a chunk, in the chunk's own transaction. Raises RangeTakenOver when another run took the range meanwhile."""
    added: dict[str, Any] = {name: table.c[name] + counts.get(name, 0) for name in _SUMMED}
    done = connection.execute(
        sa.update(table)
        .where(_is(found), table.c.token == token)
        .values(position=dump(position), seconds=table.c.seconds + seconds, **added)
    )
    if done.rowcount != 1:
        raise RangeTakenOver(
            f"range {found.name} of {found.root} was taken over by another run; this one stopped and wrote nothing more"
        )


def pause(connection: sa.Connection, found: KeyRange, token: str) -> None:
    """End a run that was asked to stop: the range is planned again, and resumed at its last committed chunk."""
    connection.execute(sa.update(table).where(_is(found), table.c.token == token).values(status="planned"))


def walk_again(connection: sa.Connection, root: str) -> int:
    """Make all ranges of a root that were begun planned anew, from their beginnings; how many. Their runs are taken over.

    In one statement: none of them is done then, whoever looks when.
    """
    begun = sa.or_(table.c.status != "planned", table.c.position.is_not(None))
    again = (
        sa.update(table)
        .where(table.c.root == root, begun)
        .values(status="planned", position=None, token=None, error=None, finished_at=None)
    )
    verified.outdate(connection, root)
    return connection.execute(again).rowcount


def finish(connection: sa.Connection, found: KeyRange, token: str, *, error: str | None) -> KeyRange:
    """End the run: done, or failed with an operator's message. Does nothing when another run took the range.

    What was found to have drifted in it before a run that ends well is mended by that.
    """
    status = "done" if error is None else "failed"
    done = connection.execute(
        sa.update(table)
        .where(_is(found), table.c.token == token)
        .values(status=status, error=error, finished_at=now())
    )
    ended = _range(connection.execute(sa.select(table).where(_is(found))).mappings().one())
    if error is None and done.rowcount == 1 and ended.started_at is not None:
        drift.copied(connection, ended.root, ended.no, ended.started_at)
    return ended


def is_as_it_was(connection: sa.Connection, found: KeyRange) -> bool:
    """It is done, and was not begun again since ``found`` was read. Keeps others from beginning it until the transaction ends.

    What stands for the table as a whole is never copied, so it is never begun again.
    """
    if found.no == WHOLE:
        return True
    row = connection.execute(
        sa.select(table.c.status, table.c.attempts).where(_is(found)).with_for_update(read=True)
    ).first()
    return row is not None and row[0] == "done" and int(row[1]) == found.attempts


def _is(found: KeyRange) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.root == found.root, table.c.no == found.no)


def _range(row: Any) -> KeyRange:
    upper = restore(row["upper_key"])
    assert upper is not None
    return KeyRange(
        root=row["root"],
        no=int(row["no"]),
        name=row["name"],
        lower=restore(row["lower_key"]),
        upper=upper,
        rows_planned=int(row["rows_planned"]),
        status=row["status"],
        attempts=int(row["attempts"]),
        position=restore(row["position"]),
        fingerprint=row["fingerprint"],
        seconds=float(row["seconds"]),
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        error=row["error"],
        due=None if row["due"] is None else int(row["due"]),
        **{name: int(row[name]) for name in COUNTS},
    )
