"""Direct mode: which mappings allow it, and why the others don't."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from changeover.binding import Bound, Move
from changeover.capture import direct_values as values
from changeover.capture.direct_write import Writing
from changeover.dialects import TableName
from changeover.dialects.direct import Direct, Receiver, Site, TargetWrite
from changeover.mapping import Assigned, Computed
from changeover.project import Project
from changeover.types.instant import Instant
from changeover.types.integer import Integer
from changeover.types.text import Text


@dataclass(frozen=True)
class Mode:
    """How changes of a mapping's root reach its target."""

    mapping: str
    table: TableName
    target: str
    mode: Literal["direct", "outbox", "refused"]
    why: str = ""
    """Why it is not direct, though the mapping says so; where it is, what was accepted for that."""

    def __str__(self) -> str:
        said = f"table {self.table} -> {self.target}: {self.mode}"
        if self.mode == "refused":
            return (
                f'mapping {self.mapping}: mode="direct" is refused here, since {self.why}. Say old_writes_may_fail=True in the '
                'mapping to accept that, or leave it to mode="outbox"'
            )
        return f"{said}{', since' if self.mode == 'outbox' else ';'} {self.why}" if self.why else said


@dataclass(frozen=True)
class Directs:
    """An old database's roots that are written at once, and the mode of each of its mappings that asks to be."""

    roots: tuple[Direct, ...] = ()
    modes: tuple[Mode, ...] = ()


NO_DIRECT = Directs()


def directs(project: Project, database: str, old: sa.Connection) -> Directs:
    """Which of the database's mappings are written at once, and how."""
    moves = [move for move in project.moves.values() if move.database == database]
    if not any(bound.mapping.mode == "direct" for move in moves for bound in move.bounds):
        return NO_DIRECT
    roots: list[Direct] = []
    modes: list[Mode] = []
    dialect = project.old[database].dialect
    with project.reading() as new:
        same = dialect.family == project.dialect.family
        site = (
            dialect.direct_site(old, new) if same else Site("the old and the new database are of two kinds")
        )
        for move in moves:
            table = TableName(move.mapping.root.name_, move.mapping.root.schema_)
            writes: list[TargetWrite] = []
            for bound in move.bounds:
                if bound.mapping.mode != "direct":
                    continue
                receiver = Receiver() if site.refused else dialect.direct_receiver(new, bound.new.table)
                why = site.refused or refusal(project, bound) or _of(bound, receiver)
                mode = _mode(bound, site, why)
                modes.append(Mode(bound.mapping.name, table, bound.mapping.target, mode, why or site.risk))
                if mode == "direct":
                    writes.append(Writing(bound, site, receiver, len(writes)).write())
            if writes:
                roots.append(_direct(move, table, tuple(writes), site))
    return Directs(tuple(roots), tuple(modes))


def _mode(bound: Bound, site: Site, why: str) -> Literal["direct", "outbox", "refused"]:
    if why:
        return "outbox"
    return "refused" if site.risk and not bound.mapping.old_writes_may_fail else "direct"


def _of(bound: Bound, receiver: Receiver) -> str:
    return f"table {bound.new.table} {receiver.refused}" if receiver.refused else ""


def refusal(project: Project, bound: Bound) -> str:
    """Why the mapping itself can't be written by a trigger; empty where it can."""
    return next(_refusals(project, bound), "")


def _refusals(project: Project, bound: Bound) -> Iterator[str]:
    mapping = bound.mapping
    if isinstance(mapping.ids, (Assigned, Computed)):
        yield "its ids are not the root's own (Keep, Offset): the id map gives or remembers them"
    if len(project.registry.of_target(mapping.target)) > 1:
        yield "several mappings feed the target"
    if mapping.joins:
        yield "it joins other tables, whose changes a trigger of the root does not see"
    if bound.pythons:
        yield "a Python function makes a column"
    if bound.images:
        yield "a column holds images, whose keys the manifest knows"
    yield from _lookups(bound)
    yield from _expressions(bound)
    if bound.dialect.family == "mysql":
        yield from _instants(bound)
    written = {column.name for column in bound.columns}
    for shape in bound.new.columns:
        if shape.counted and shape.name not in written:
            yield f"column {shape.name} counts by itself: a trigger's insert would become the session's last number"


def _lookups(bound: Bound) -> Iterator[str]:
    for lookup in bound.lookups:
        kind = bound.column(lookup.column).kind
        if lookup.later:
            yield f"column {lookup.column} is looked up later"
        elif not lookup.on:
            yield f"column {lookup.column} is looked up through the id map"
        elif not isinstance(kind, (Integer, Text)):
            yield f"column {lookup.column}, which is looked up, is {kind.name}: only whole numbers and texts are"


def _expressions(bound: Bound) -> Iterator[str]:
    mapping = bound.mapping
    parts = [
        (f"column {name}'s expression", part)
        for name, several in mapping.expressions().items()
        for part in several
    ]
    parts += [("where=", mapping.where)] if mapping.where is not None else []
    for what, part in parts:
        if why := values.refused(part, mapping.root, bound.dialect.family):
            yield f"{what} {why}"


def _instants(bound: Bound) -> Iterator[str]:
    """Columns whose texts and storing depend on the time zone of the application's session."""
    named = _named(bound)
    read = [
        shape.name for shape in bound.old.columns if isinstance(shape.kind, Instant) and shape.name in named
    ]
    written = [column.name for column in bound.columns if isinstance(column.kind, Instant)]
    for name in (*read, *written):
        yield f"column {name} is a TIMESTAMP, whose value depends on the time zone of the application's session"


def _named(bound: Bound) -> set[str]:
    """The root's columns that the mapping reads."""
    found = {column.name for column in bound.key.columns}
    mapping = bound.mapping
    parts = [part for several in mapping.expressions().values() for part in several]
    parts += [mapping.where] if mapping.where is not None else []
    for part in parts:
        found |= {e.name for e in sa.sql.visitors.iterate(part) if isinstance(e, sa.ColumnClause)}
    return found


def _direct(move: Move, table: TableName, writes: tuple[TargetWrite, ...], site: Site) -> Direct:
    root, family, key = move.mapping.root, move.bounds[0].dialect.family, move.key
    encoded = key.encoded(root)
    old, new = (values.written(encoded, root, row, family) for row in ("OLD", "NEW"))
    if family == "mysql":
        moved = f"NOT (CAST({old} AS BINARY) <=> CAST({new} AS BINARY))"
    else:
        moved = f'({old}) COLLATE "C" IS DISTINCT FROM ({new})'
    texts = any(write.texts or write.old_texts for write in writes)
    return Direct(table, moved, writes, site.guards, settings=texts)
