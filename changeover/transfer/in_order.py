"""Rows whose parents are rows of the same chunk and table, parents first, in one statement.

Each INSERT … SELECT looks parents up in the target as it was before: a tree arrives in as many statements as it has levels, and a
list, where each row follows another, would need one for each row. Here the order is found in Python and staged beside the rows,
together with what each lookup will have found by then. Servers that look at foreign keys row by row see the parent first; others
look when the statement ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from changeover.binding import Bound, BoundLookup
from changeover.dialects import Block
from changeover.dialects.block import encode
from changeover.ledger.rejects import Reject
from changeover.transfer import sql
from changeover.transfer.statements import key_text, rows, run
from changeover.transfer.unreadable import root_key


@dataclass(frozen=True)
class _Own:
    """A lookup of the target itself: what a row asks for, what it answers to, what it gives, and whether the target has it."""

    lookup: BoundLookup
    asks: tuple[str, ...]
    answers: tuple[str, ...]
    gives: str
    there: str


def insert_in_order(connection: sa.Connection, bound: Bound, block: Block) -> int:
    """Insert all rows of the stage that are not there and whose parents are, or are such rows. Returns how many were.

    Parameters: ``block`` holds the staged rows, among others. Nothing is inserted where parents can't be told by their texts.
    """
    known = _known(bound)
    order, given = _ordered(known, _absent(connection, bound, known)) if known else ([], {})
    if not order:
        return 0
    lines = {root_key(bound, line): line for line in block.lines()}
    extra = tuple(f"o{n}" for n in range(len(known) + 1))
    ordered = replace(bound, part="_ordered", stage_columns=(*bound.stage_columns, *extra))
    data = [
        b"\t".join((lines[key], encode(str(place)), *map(encode, given[key])))
        for place, key in enumerate(order)
    ]
    bound.dialect.stage(connection, ordered.stage, ordered.stage_columns, Block(b"\n".join(data), len(data)))
    statement = sql.insert(_given(ordered, known), anti_join=True)
    inserted = run(connection, f"{statement} ORDER BY {bound.dialect.integer('s.o0')}")
    bound.dialect.stage(connection, ordered.stage, ordered.stage_columns, Block(b"", 0))
    return inserted


def hanging(connection: sa.Connection, bound: Bound) -> list[Reject]:
    """Staged rows whose parents, or theirs, are rows of this table that are neither there nor in the stage."""
    known = _known(bound)
    if not known:
        return []
    found = _absent(connection, bound, known)
    written = set(_ordered(known, found)[0])
    reason = f"no row of {bound.mapping.target} is there for it yet"
    return [
        Reject(row[0], known[0].lookup.column, "waiting", reason) for row in found if row[0] not in written
    ]


def _known(bound: Bound) -> list[_Own]:
    """The lookups of the target itself; none where one of them can't be told by texts."""
    own = [_own(bound, lookup) for lookup in sql.needed(bound, own=True)]
    known = [one for one in own if one is not None]
    return known if len(known) == len(own) else []


def _own(bound: Bound, lookup: BoundLookup) -> _Own | None:
    """None where the texts don't tell which row of the chunk a lookup finds, or what it gives."""
    if not lookup.on:  # through the id map, which has the chunk's roots already
        table, key = bound.dialect.table(bound.new.table), bound.dialect.quote(bound.identity_columns[0])
        there = f"EXISTS (SELECT 1 FROM {table} AS p WHERE p.{key} = {lookup.value})"
        return _Own(lookup, bound.column(lookup.column).staged, ("s.k",), "NULL", there)
    made = {column.name: column for column in bound.columns if not column.lookup}
    answers = tuple(made[name].text for name, _ in lookup.on if name in made)
    if bound.identity == "assigned" and (lookup.returned,) == bound.identity_columns:
        gives = bound.dialect.as_text("i.target_id")
    elif lookup.returned in made:
        gives = made[lookup.returned].text
    else:
        return None
    if len(answers) < len(lookup.on):
        return None
    return _Own(lookup, tuple(text for _, text in lookup.on), answers, gives, f"{lookup.value} IS NOT NULL")


def _absent(connection: sa.Connection, bound: Bound, own: Sequence[_Own]) -> list[Any]:
    """Staged rows without a target row: the key, and for each lookup whether it asks, whether the target has the parent, what it
    asks for, what it answers to, what it gives."""
    fields: list[str] = []
    for one in own:
        fields += [f"CASE WHEN {term} THEN 1 ELSE 0 END" for term in (one.lookup.given, one.there)]
        fields += [*one.asks, *one.answers, one.gives]
    missing = f"t.{bound.dialect.quote(bound.identity_columns[0])} IS NULL"
    return rows(
        connection,
        f"SELECT s.k, {', '.join(fields)} FROM {sql.source(bound, unlinked=True)} "
        f"LEFT JOIN {bound.dialect.table(bound.new.table)} AS t ON {sql.identity(bound)} "
        f"WHERE {missing} AND {sql.resolved(bound, own=False)} AND {sql.speaks(bound)}",
    )


def _ordered(own: Sequence[_Own], found: list[Any]) -> tuple[list[str], dict[str, list[str | None]]]:
    """The keys of rows that can be written, parents first; and for each what its lookups find among them."""
    split = {row[0]: _split(own, row[1:]) for row in found}
    answering = [
        {asked[n].answers: key for key, asked in split.items() if None not in asked[n].answers}
        for n in range(len(own))
    ]
    given: dict[str, list[str | None]] = {}
    pending: dict[str, int] = {}
    children: dict[str, list[str]] = {}
    ready: list[str] = []
    for key, asked in split.items():
        parents = [
            answering[n].get(one.asks) if one.given and not one.there else None for n, one in enumerate(asked)
        ]
        lacks = (one.given and not one.there and p is None for one, p in zip(asked, parents, strict=True))
        if any(lacks):
            continue
        given[key] = [None if p is None else split[p][n].gives for n, p in enumerate(parents)]
        waits = [parent for parent in parents if parent is not None and parent != key]
        pending[key] = len(waits)
        for parent in waits:
            children.setdefault(parent, []).append(key)
        if not waits:
            ready.append(key)
    for key in ready:  # grows meanwhile
        for child in children.get(key, ()):
            pending[child] -= 1
            if not pending[child]:
                ready.append(child)
    return ready, given


@dataclass(frozen=True)
class _Asked:
    given: bool
    there: bool
    asks: tuple[str | None, ...]
    answers: tuple[str | None, ...]
    gives: str | None


def _split(own: Sequence[_Own], fields: Sequence[Any]) -> list[_Asked]:
    found: list[_Asked] = []
    at = 0
    for one in own:
        texts = [None if value is None else key_text(value) for value in fields[at + 2 :]]
        asks, answers = len(one.asks), len(one.answers)
        found.append(
            _Asked(
                bool(fields[at]),
                bool(fields[at + 1]),
                tuple(texts[:asks]),
                tuple(texts[asks : asks + answers]),
                texts[asks + answers],
            )
        )
        at += 3 + asks + answers
    return found


def _given(bound: Bound, own: Sequence[_Own]) -> Bound:
    """The mapping, whose lookups of its own target give what was staged for them where they find nothing yet."""
    values: dict[str, str] = {}
    for n, one in enumerate(own, 1):
        staged = bound.column(one.lookup.column).kind.store(
            f"s.{bound.dialect.quote(f'o{n}')}", bound.dialect.family
        )
        values[one.lookup.column] = f"COALESCE({one.lookup.value}, {staged})"
    return replace(
        bound,
        columns=tuple(replace(c, value=values.get(c.name, c.value)) for c in bound.columns),
        lookups=tuple(replace(x, value=values.get(x.column, x.value)) for x in bound.lookups),
    )
