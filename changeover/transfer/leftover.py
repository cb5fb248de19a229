"""What a walk of the old keys alone would miss: target rows, links and rejects of roots that are no longer there."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from changeover.binding import Bound, Move
from changeover.keyset.key import KeyValues
from changeover.ledger.ranges import KeyRange
from changeover.ledger.tables import id_map, reject
from changeover.project import Project
from changeover.transfer.apply import Record, apply
from changeover.transfer.chunk import Keys, Span
from changeover.transfer.id_pool import Pool
from changeover.transfer.reading import absent
from changeover.transfer.remove import span

PAGE = 500
"""Keys in one question to the old database, which may spell them out one by one."""


def bounded(project: Project, move: Move, lower: KeyValues | None, upper: KeyValues, rows: int) -> KeyValues:
    """An upper key up to which the targets hold about ``rows`` rows at most: where a part of the old table was deleted, one span of
    the old keys could be all of the target's range, and too much for one transaction."""
    if not move.key.is_number:
        return upper
    if lower is not None and int(upper[0]) - int(lower[0]) <= 4 * rows:
        return upper  # there are no more keys than that
    best = upper
    with project.reading() as connection:
        for bound in move.bounds:
            found = _nth(connection, bound, lower, best, 4 * rows)
            if found is not None:
                best = (str(found),)
    return best


def sweep(project: Project, move: Move, found: KeyRange, pool: Pool, record: Record) -> None:
    """Apply the range's roots that are remembered, were not met on this walk, and are gone from the old table.

    Integer keys were compared span by span; what is left are links of other keys, and rejects of rows that never were
    written. Each is decided by the old database's answer, in the usual way. ``record`` joins each transaction.
    """
    if found.attempts <= 1:
        return
    for bound in move.bounds:
        after = ""
        while page := _page(project, bound, found, after):
            after = page[-1]
            if unmet_keys := _absent(project, move, bound, page):
                apply(project, move, Keys(tuple(unmet_keys)), pool, range_no=found.no, record=record)


def _nth(
    connection: sa.Connection, bound: Bound, lower: KeyValues | None, upper: KeyValues, rows: int
) -> int | None:
    """The root number at which the target has ``rows`` rows after ``lower``, if that is before ``upper``."""
    if bound.identity == "direct":
        key = f"t.{bound.dialect.quote(bound.identity_columns[0])}"
        query = (
            f"SELECT {key} - {bound.offset} FROM {bound.dialect.table(bound.new.table)} AS t WHERE "
            f"{span(bound, Span(lower, upper))} "
            f"ORDER BY {key} LIMIT 1 OFFSET {rows - 1}"
        )
        value = connection.exec_driver_sql(query, execution_options={"no_parameters": True}).scalar()
    else:
        low = sa.true() if lower is None else id_map.c.root_number > _number(lower)
        statement = (
            sa.select(id_map.c.root_number)
            .where(id_map.c.mapping_id == bound.id, low, id_map.c.root_number <= _number(upper))
            .order_by(id_map.c.root_number)
            .offset(rows - 1)
            .limit(1)
        )
        value = connection.execute(statement).scalar()
    return None if value is None else int(value)


def _number(key: KeyValues) -> sa.ColumnElement[int]:
    """Written out: as a parameter it would have to be of 64 bits with a sign."""
    return sa.literal_column(str(int(key[0])))


def unmet(
    project: Project, move: Move, bound: Bound, found: KeyRange, after: str
) -> tuple[list[str], str | None]:
    """The range's roots that are remembered with a target row and gone from the old table, where no walk over the old keys would
    show it: those of the next page of keys above ``after``, and where it ends; None where nothing is left to look for.

    A page is looked at under the table lock.
    """
    if not bound.uses_id_map or bound.key.is_number:
        return [], None
    with project.new.engine.connect() as target, target.begin() as transaction:
        project.dialect.lock(target, move.targets, exclusive=False)
        page = list(target.execute(_links(bound, found, after)).scalars())
        gone = _absent(project, move, bound, page) if page else []
        transaction.rollback()
    return gone, page[-1] if page else None


def _page(project: Project, bound: Bound, found: KeyRange, after: str) -> list[str]:
    rejects = sa.select(reject.c.root_key).where(
        reject.c.mapping_id == bound.id, reject.c.range_no == found.no, reject.c.root_key > after
    )
    queries = [rejects.order_by(reject.c.root_key).limit(PAGE)]
    if bound.uses_id_map and not bound.key.is_number:
        queries.append(_links(bound, found, after))
    with project.reading() as connection:
        keys: set[str] = set()
        for query in queries:
            keys.update(connection.execute(query).scalars())
    return sorted(keys, key=str.encode)[:PAGE]


def _links(bound: Bound, found: KeyRange, after: str) -> sa.Select[Any]:
    return (
        sa.select(id_map.c.root_key)
        .where(
            id_map.c.mapping_id == bound.id,
            id_map.c.root_number.is_(None),
            sa.or_(id_map.c.range_no == found.no, id_map.c.range_no.is_(None)),
            id_map.c.root_key > after,
        )
        .order_by(id_map.c.root_key)
        .limit(PAGE)
    )


def _absent(project: Project, move: Move, bound: Bound, keys: list[str]) -> list[str]:
    """Those of the keys that the old database no longer has a (wanted) row for."""
    engine = project.old[move.database].engine
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as source:
        return absent(source, bound, keys)
