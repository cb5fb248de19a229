"""Planning: cutting a root's key space into ranges of about equal numbers of rows, and appending ranges as it grows.

The key's index is walked once, a range's length at a time, from key to key; the rows themselves are not read, and nothing is
kept but the last key. Ranges are only ever appended, so that whatever refers to one stays right.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable
from functools import partial

import sqlalchemy as sa
from sqlalchemy import exc

from changeover.binding import Move
from changeover.dialects import TableName
from changeover.errors import DatabaseRefused, MappingError, NoUsableKey
from changeover.keyset import stored
from changeover.keyset.key import KeyValues
from changeover.keyset.names import range_name
from changeover.keyset.walk import last_key, moved_on, page_end
from changeover.ledger import ranges as ledger
from changeover.ledger.mappings import planned
from changeover.ledger.ranges import KeyRange, Planned
from changeover.ledger.sync import highest
from changeover.mapping import Offset
from changeover.project import Project
from changeover.transfer.chunk_size import ChunkSize
from changeover.transfer.gate import refuse_uncaptured
from changeover.transfer.retry import Stop, retried

_LOG = logging.getLogger(__name__)

SMALLEST, LARGEST, WANTED = 25_000, 1_000_000, 200
"""Rows a range has at least and at most, and how many ranges a table should have. A range takes seconds to copy at 25,000 rows and
10 to 60 s at a million; a few hundred partitions are comfortable for a person, and 2,000 for the UI."""

HEADROOM = 10_000_000
"""Ids kept free above the highest old one, so that the old application can go on while the new one counts above them. Of what a
smaller counter has left, half is kept, and half is left to the new application."""

FEWEST_IDS = 10
"""Ids that the new application must have left."""

RIVALS = 20
"""How often another planner may be faster before something else must be wrong."""

APPEND = 100
"""Ranges written to the ledger at once."""


def plan(
    project: Project,
    root: str,
    rows_per_range: int | None = None,
    partial_tail: bool = True,
    on_progress: Callable[[KeyRange], None] | None = None,
    limit: int | None = None,
    stop: threading.Event | None = None,
) -> list[KeyRange]:
    """Append ranges of ``root`` for all keys above its last range.

    Parameters: ``rows_per_range`` overrides the mapping's and the planner's choice; ``partial_tail`` also appends a last range that
    isn't full yet (a sensor waits for it to fill); ``limit`` at most so many ranges now; ``stop`` ends waiting for a database.
    Returns: the ranges that were added, in order; none when the plan was complete.
    Raises: MappingError when keys could be missed; NotCaptured when changes of it would be; DatabaseRefused when a database did not
    let us for about two minutes.
    """
    refuse_uncaptured(project, project.move(root))
    added: list[KeyRange] = []
    # Tried again, it goes on where it ended: after the last range that is in the ledger.
    work = partial(_plan, project, root, rows_per_range, partial_tail, on_progress, limit, added)
    dialects = {schema.dialect for schema in (project.new, *project.old.values())}
    for rival in range(RIVALS, -1, -1):
        try:
            retried(work, ChunkSize(), Stop(stop or threading.Event()), *dialects)
            break
        except exc.IntegrityError:
            # Another planner appended the same numbers first: what is left to plan begins where it ended.
            if not rival:
                raise
        except exc.DBAPIError as error:
            if stop is not None and stop.is_set():
                break
            database = root.partition(".")[0]
            raise DatabaseRefused(
                f"{root} could not be planned: {project.explain(error, database)}"
            ) from error
    return added


def _plan(
    project: Project,
    root: str,
    rows_per_range: int | None,
    partial_tail: bool,
    on_progress: Callable[[KeyRange], None] | None,
    limit: int | None,
    added: list[KeyRange],
) -> None:
    move = project.move(root)
    schema, key, old = project.old[move.database], move.key, move.mapping.root
    with schema.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as source:
        with project.reading() as connection:
            last = ledger.last_range(connection, root)
        _refuse_odd_keys(source, project, move, last.upper if last else None)
        end = last_key(source, schema.dialect, old, key)
        size = rows_per_range or _declared(move) or _chosen(project, move, source)
        no, lower = (last.no + 1, last.upper) if last else (1, None)
        pending: list[Planned] = []
        # Before anything is appended: a plan that was cut short in between would look complete, with nothing reserved. An empty
        # table reserves too: what the new application counts must not be what the old one will.
        before = Once(partial(_reserve, project, move, end))
        if last is None and end is None:
            before()
        whole = True
        while whole and end is not None and (limit is None or len(added) + len(pending) < limit):
            upper, rows = page_end(source, schema.dialect, old, key, lower, None, size), size
            if upper is None and partial_tail:
                # Asked for now: rows have come and gone since the walk began. After it the plan is complete, whatever comes next.
                whole = False
                upper = moved_on(old, key, lower, last_key(source, schema.dialect, old, key, lower))
                rows = _rest(source, project, move, lower)
            if upper is None:
                break
            pending.append(Planned(no, range_name(key, no, lower, upper), lower, upper, rows))
            no, lower = no + 1, upper
            if len(pending) >= APPEND:
                before()
                added.extend(_append(project, root, pending, on_progress))
        complete = limit is None or len(added) + len(pending) < limit
        if partial_tail and complete and (upper := _applied_above(project, move, lower)):
            pending.append(Planned(no, range_name(key, no, lower, upper), lower, upper, 0))
        if pending:
            before()
        added.extend(_append(project, root, pending, on_progress))
    with project.new.engine.begin() as connection:
        planned(connection, root)


def _applied_above(project: Project, move: Move, lower: KeyValues | None) -> KeyValues | None:
    """Up to where live sync made rows above the highest root there is: nobody else will ask whether these roots are still there."""
    with project.reading() as connection:
        found = highest(connection, move.root) if move.key.is_numbers else None
    if found is None or (lower is not None and tuple(map(int, found)) <= tuple(map(int, lower))):
        return None
    return found


def _append(
    project: Project, root: str, pending: list[Planned], on_progress: Callable[[KeyRange], None] | None
) -> list[KeyRange]:
    if not pending:
        return []
    with project.new.engine.begin() as connection:
        ledger.append(connection, root, pending)
        names = {p.name for p in pending}
        written = [found for found in ledger.ranges_of(connection, root) if found.name in names]
    pending.clear()
    for found in written:
        if on_progress:
            on_progress(found)
    return written


def _declared(move: Move) -> int | None:
    sizes = [b.mapping.rows_per_range for b in move.bounds if b.mapping.rows_per_range]
    return min(sizes) if sizes else None


def _chosen(project: Project, move: Move, source: sa.Connection) -> int:
    root = move.mapping.root
    estimate = project.old[move.database].dialect.estimate(source, TableName(root.name_, root.schema_)) or 0
    return min(LARGEST, max(SMALLEST, math.ceil(estimate / WANTED)))


def _rest(source: sa.Connection, project: Project, move: Move, lower: KeyValues | None) -> int:
    """How many roots lie above ``lower``; asked only when they are fewer than a range has."""
    columns = move.key.of(move.mapping.root)
    statement = sa.select(sa.func.count()).select_from(move.mapping.root.from_)
    if lower is not None:
        statement = statement.where(
            project.old[move.database].dialect.after(columns, move.key.literals(lower))
        )
    return int(source.execute(statement).scalar_one())


def _refuse_odd_keys(source: sa.Connection, project: Project, move: Move, after: KeyValues | None) -> None:
    """SQLite lets anything into any column, NULL into primary keys that are no rowid; no comparison ever finds such a row."""
    found = stored.misfit(source, project.old[move.database].dialect, move.mapping.root, move.key, after)
    if found is None:
        return
    column, sort = found
    names = ", ".join(c.name for c in move.key.columns)
    if sort == "null":
        raise NoUsableKey(
            f"table {move.root}: some rows have NULL in their key ({names}) and could not be paged to; give them keys first"
        )
    kind = next(c.kind.name for c in move.key.columns if c.name == column)
    raise NoUsableKey(
        f"table {move.root}, column {column}: some rows have a value in their key ({names}) that SQLite stores as {sort}, "
        f"which is no {kind}, and could not be paged to; mend them, or name another unique set of columns with key="
    )


class Once:
    """Does something when it is first called."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work: Callable[[], None] | None = work

    def __call__(self) -> None:
        work, self._work = self._work, None
        if work:
            work()


def _reserve(project: Project, move: Move, end: KeyValues | None) -> None:
    """Keep the new application's counter out of the key space that the old database's ids take."""
    for bound in move.bounds:
        if bound.identity != "direct" or len(bound.identity_columns) != 1:
            continue
        column = bound.identity_columns[0]
        shape = bound.new.column(column)
        if not isinstance(bound.mapping.ids, Offset) and not _counted(shape):
            continue
        last = (int(end[0]) if end else 0) + bound.offset
        largest = getattr(shape.kind, "high", None) if shape else None
        kept = headroom(last, largest)
        place = f"mapping {bound.mapping.name}, {bound.mapping.target}.{column}"
        if kept < 0:
            raise MappingError(f"{place}: key {last} does not fit; give the column a larger type")
        if _counted(shape) and is_too_full(kept, largest):
            raise MappingError(
                f"{place}: above the highest old id, {last}, there are ids up to {largest} only, too few for the old application "
                "and the new one; give the column a larger type"
            )
        if kept < HEADROOM:
            _LOG.warning(
                "%s: %d ids above the old ones are kept for the old application, and %d are left for the new one; "
                "a larger type would have more",
                place,
                kept,
                (largest or 0) - last - kept,
            )
        project.dialect.reserve(project.new.engine, bound.new.table, column, last + kept)


def is_too_full(kept: int, largest: int | None) -> bool:
    """Whether so few ids can be kept that a larger type is needed, which there is none of beyond 64 bits."""
    return largest is not None and kept < FEWEST_IDS and largest < 2**63 - 1


def headroom(last: int, largest: int | None) -> int:
    """How many ids above ``last`` are kept free, of a counter that ends at ``largest``; negative when it doesn't get so far."""
    if largest is None:
        return HEADROOM
    return largest - last if last > largest else min(HEADROOM, (largest - last) // 2)


def _counted(shape: object) -> bool:
    return bool(getattr(shape, "counted", False))
