"""Cascades of foreign keys that fire no triggers: which tables' triggers have to note the rows of which others.

Deleting a row may delete, or set to NULL, rows that refer to it, and these again others. From each table whose rows a mapping
reads, the chains are followed up to every table where one can begin; the trigger there reads down the chain. What begins in the
middle has triggers of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.sql import quoted_name

from changeover.capture.source import Source
from changeover.dialects import TableName
from changeover.dialects.triggers import Cascade, Reference, Step
from changeover.errors import ConfigurationError
from changeover.keyset.key import Key

SETS_NULL = ("SET NULL", "SET DEFAULT")


class CircularCascade(ConfigurationError):
    """A circle of cascades, along which any number of rows may be touched. Names its tables."""


@dataclass
class Reached:
    """What a table's cascades touch."""

    cascades: tuple[Cascade, ...] = ()
    tables: set[TableName] = field(default_factory=set[TableName])


@dataclass(frozen=True)
class _Event:
    """What happens to the rows at the end of a chain: they are deleted, or these columns change to these values.

    A value is a column of ``NEW`` in the row where it began, or None for NULL.
    """

    deleted: bool
    values: tuple[tuple[str, str | None], ...] = ()

    @property
    def changed(self) -> frozenset[str]:
        """The columns that change."""
        return frozenset(name for name, _ in self.values)


@dataclass(frozen=True)
class _Chain:
    """Tables from where it began to where it is, and what happens there."""

    steps: tuple[Step, ...]
    event: _Event


def cascades(
    sources: Mapping[TableName, Sequence[Source]],
    references: Sequence[Reference],
    written: Callable[[Key, Callable[[str], sa.ColumnElement[Any]]], str],
    long: Callable[[Key], bool],
) -> dict[TableName, Reached]:
    """By the table where they begin, the cascades that touch tables of ``sources``.

    Parameters: ``written`` writes a key's SQL; ``long`` says that it may not fit the outbox.
    Raises: CircularCascade when one of them could go round in a circle.
    """
    if not references:
        return {}
    found: dict[TableName, Reached] = {}
    for parent in sorted({r.parent for r in references}, key=str):
        made: list[Cascade] = []
        reached: set[TableName] = set()
        for kind, changed, chain in _chains(parent, references, set(sources)):
            table = chain.steps[-1].table
            for source in sources.get(table, ()):
                reached.add(table)
                keys = _keys(source.key, chain, written)
                made.append(
                    Cascade(
                        kind,
                        changed,
                        chain.steps,
                        source.name,
                        keys,
                        () if source.is_root else tuple(c.name for c in source.key.columns),
                        long(source.key),
                    )
                )
        if made:
            found[parent] = Reached(tuple(made), reached)
    return found


def _chains(
    parent: TableName, references: Sequence[Reference], wanted: set[TableName]
) -> Iterator[tuple[Literal["delete", "update"], tuple[str, ...], _Chain]]:
    """All chains that begin with a delete, or an update, of a row of ``parent`` and end in a table that is wanted."""
    for chain in _below(parent, _Event(deleted=True), (), references, wanted, ()):
        yield "delete", (), chain
    # Each foreign key by itself: only the columns that it refers to set it off.
    for columns in dict.fromkeys(r.parent_columns for r in references if r.parent == parent):
        event = _Event(deleted=False, values=tuple((c, c) for c in columns))
        for chain in _below(parent, event, (), references, wanted, (), exactly=columns):
            yield "update", columns, chain


def _below(
    table: TableName,
    event: _Event,
    steps: tuple[Step, ...],
    references: Sequence[Reference],
    wanted: set[TableName],
    seen: tuple[tuple[TableName, bool, frozenset[str]], ...],
    exactly: tuple[str, ...] | None = None,
) -> Iterator[_Chain]:
    state = (table, event.deleted, event.changed)
    if state in seen:
        circle = [str(one) for one, *_ in (*seen[seen.index(state) :], state)]
        if wanted & _tables_below(table, references):
            raise CircularCascade(
                f"foreign keys of {' -> '.join(circle)} cascade in a circle: any number of rows may be touched without a trigger, "
                "and no trigger can look for all of them; make one of them RESTRICT or NO ACTION and let the application do it"
            )
        return
    for reference in references:
        if reference.parent != table or (exactly is not None and reference.parent_columns != exactly):
            continue
        follows = _follows(reference, event)
        if follows is None:
            continue
        before = steps[-1].alias if steps else "OLD"
        on = tuple(
            (own, before, column)
            for own, column in zip(reference.columns, reference.parent_columns, strict=True)
        )
        chain = _Chain((*steps, Step(reference.child, f"c{len(steps)}", on)), follows)
        if reference.child in wanted:
            yield chain
        yield from _below(reference.child, follows, chain.steps, references, wanted, (*seen, state))


def _follows(reference: Reference, event: _Event) -> _Event | None:
    """What happens to the rows that refer to rows of which ``event`` happens; None for nothing."""
    if event.deleted:
        if reference.on_delete == "CASCADE":
            return _Event(deleted=True)
        if reference.on_delete in SETS_NULL:
            return _Event(deleted=False, values=tuple((c, None) for c in reference.columns))
        return None
    values = dict(event.values)
    if not values.keys() & set(reference.parent_columns):
        return None
    if reference.on_update == "CASCADE":
        changed = zip(reference.columns, reference.parent_columns, strict=True)
        return _Event(deleted=False, values=tuple((own, values[c]) for own, c in changed if c in values))
    if reference.on_update in SETS_NULL:
        return _Event(deleted=False, values=tuple((c, None) for c in reference.columns))
    return None


def _tables_below(table: TableName, references: Sequence[Reference]) -> set[TableName]:
    found, todo = {table}, [table]
    while todo:
        one = todo.pop()
        for reference in references:
            if reference.parent == one and reference.child not in found:
                found.add(reference.child)
                todo.append(reference.child)
    return found


def _keys(
    key: Key, chain: _Chain, written: Callable[[Key, Callable[[str], sa.ColumnElement[Any]]], str]
) -> tuple[str, ...]:
    """The key of the last row as it is, and as it will be if the event changes it to something else than NULL."""
    row = sa.table(quoted_name(chain.steps[-1].alias, quote=False))
    new = sa.table(quoted_name("NEW", quote=False))
    values = dict(chain.event.values)

    def now(name: str) -> sa.ColumnElement[Any]:
        return sa.column(name, _selectable=row)

    def then(name: str) -> sa.ColumnElement[Any]:
        value = values.get(name)
        return now(name) if value is None else sa.column(value, _selectable=new)

    touched = [c.name for c in key.columns if c.name in values]
    if not touched or any(values[name] is None for name in touched):
        return (written(key, now),)
    return written(key, now), written(key, then)
