"""Which old tables get triggers, and what these write: sources put together by table, keys as SQL of the old database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.sql import quoted_name

from changeover.capture import outbox
from changeover.capture.cascades import cascades
from changeover.capture.source import Source
from changeover.capture.trace import sources
from changeover.dialects import TableName
from changeover.dialects.triggers import KEY_BYTES, Facts, Note, Outbox, Reference, Watched
from changeover.errors import MappingError
from changeover.keyset.key import Key, KeyColumn
from changeover.project import Project
from changeover.types.base import Family
from changeover.types.instant import Instant
from changeover.types.integer import Integer
from changeover.types.text import Text
from changeover.types.written import WrittenKind

_UTF8 = 4
"""Bytes of a character at most."""

_PLAIN_SORTS = ("integer", "text", "uuid", "boolean", "enum", "decimal", "binary", "bit")
"""Kinds whose text is the same in every session of PostgreSQL."""

_COMPILERS: dict[Family, Any] = {
    # The style of parameters is that of no driver, so that a percent sign is one.
    "mysql": mysql.dialect(paramstyle="named"),
    "postgresql": postgresql.dialect(paramstyle="named"),
    "sqlite": sqlite.dialect(paramstyle="named"),
}

ColumnOf = Callable[[str], sa.ColumnElement[Any]]


class Unwritable(MappingError):
    """A key that no trigger can write so that it reads as the copier's. Says of which table, and why."""


@dataclass(frozen=True)
class Plan:
    """What an old database gets: tables with their triggers, and for each table the roots whose rows its changes may change."""

    watched: tuple[Watched, ...]
    roots: Mapping[TableName, frozenset[str]]

    def find(self, table: TableName) -> Watched | None:
        """The table's part."""
        return next((one for one in self.watched if one.table == table), None)


def place(schema: str | None) -> Outbox:
    """The outbox in ``schema``."""
    return Outbox(TableName(outbox.TABLE, schema), outbox.TRUNCATED, outbox.MISSED)


def sources_of(project: Project, database: str) -> list[Source]:
    """All sources of an old database. Raises Untraceable."""
    schema = project.old[database]
    return [s for move in project.moves.values() if move.database == database for s in sources(move, schema)]


def planned(
    found: Iterable[Source], references: Sequence[Reference], family: Family, home: str | None = None
) -> Plan:
    """What the sources need: triggers on their tables, and on those whose cascades reach these without triggers.

    Parameters: ``home`` is the schema of tables that are named without one.
    Raises: Unwritable; CircularCascade.
    """
    by_table: dict[TableName, list[Source]] = defaultdict(list)
    for source in found:
        by_table[source.table].append(source)
    spelled: dict[TableName, TableName] = {}
    for table in by_table:
        other = spelled.setdefault(TableName(table.name, table.schema or home), table)
        if other != table:
            raise Unwritable(
                f"tables {other} and {table} are one: name it with its schema everywhere, or nowhere"
            )
    references = [_spelled(reference, spelled, home) for reference in references]
    notes = {table: tuple(note(s, family) for s in listed) for table, listed in by_table.items()}
    roots = {table: {s.root for s in listed} for table, listed in by_table.items()}
    above = cascades(by_table, references, lambda key, of: written(key, of, family), longer_than_outbox)
    for parent, reached in above.items():
        for table in reached.tables:
            roots.setdefault(parent, set()).update(s.root for s in by_table[table])
    tables = sorted({*notes, *above}, key=str)
    return Plan(
        tuple(
            Watched(table, notes.get(table, ()), above[table].cascades if table in above else ())
            for table in tables
        ),
        {table: frozenset(roots[table]) for table in tables},
    )


def with_facts(one: Watched, facts: Facts) -> Watched:
    """The table with what only the database knows of it."""
    return replace(one, uniques=facts.uniques, partitions=facts.partitions, alone=facts.alone)


def note(source: Source, family: Family) -> Note:
    """What a changed row of the source's table leaves. Raises Unwritable."""
    for column in source.key.columns:
        _check(source, column, family)
    sorts = [getattr(c.kind, "sort", "") for c in source.key.columns]
    exact = all(isinstance(c.kind, (Integer, Text)) for c in source.key.columns)
    return Note(
        source=source.name,
        new=written(source.key, over("NEW"), family),
        old=written(source.key, over("OLD"), family),
        found=written(source.key, over("t"), family),
        columns=tuple(c.name for c in source.key.columns),
        # SQLite lets NULL into primary keys that are no rowid; for all others it costs a comparison.
        nullable=family == "sqlite" or not source.is_root,
        numbers=source.key.is_numbers and family != "sqlite",
        long=family == "mysql" and longer_than_outbox(source.key),
        settings=any(sort not in _PLAIN_SORTS for sort in sorts),
        exact=exact,
    )


def over(alias: str) -> ColumnOf:
    """Columns of a row by an alias that is written as it is."""
    table = sa.table(quoted_name(alias, quote=False))
    return lambda name: sa.column(name, _selectable=table)


def written(key: Key, column: ColumnOf, family: Family) -> str:
    """SQL of the encoded key over these columns: the text that the copier reads, from the same templates."""
    columns = [column(c.name) for c in key.columns]
    texts = [c.kind.text(value, family, c.kind) for c, value in zip(key.columns, columns, strict=True)]
    sql = _sql(key.join(texts, family), family)
    if family == "sqlite":
        # The application's connections know no functions of ours. Of numbers with a fraction, which no integer or text column
        # has unless it was forced to, SQLite's own text is taken.
        for value in columns:
            for function in ("changeover_float_text", "changeover_decimal_text"):
                plain = _sql(value, family)
                sql = sql.replace(f"{function}({plain})", f"CAST({plain} AS TEXT)")
    return sql


def longer_than_outbox(key: Key) -> bool:
    """Whether the declared types allow an encoded key that is longer than the outbox holds."""
    escaped = 1 if len(key.columns) == 1 else 2
    length = 0.0
    for column in key.columns:
        width = column.kind.width if isinstance(column.kind, WrittenKind) else None
        wide = getattr(column.kind, "sort", "") in ("text", "enum", "set", "unknown")
        length += (float("inf") if width is None else width * (_UTF8 if wide else 1)) * escaped + 1
    return length - 1 > KEY_BYTES


def _spelled(reference: Reference, spelled: Mapping[TableName, TableName], home: str | None) -> Reference:
    """The foreign key with tables named as mappings name them."""
    child, parent = (
        spelled.get(TableName(table.name, table.schema or home), table)
        for table in (reference.child, reference.parent)
    )
    return replace(reference, child=child, parent=parent)


def _sql(value: sa.ClauseElement, family: Family) -> str:
    return str(value.compile(dialect=_COMPILERS[family], compile_kwargs={"literal_binds": True}))


def _check(source: Source, column: KeyColumn, family: Family) -> None:
    where = (
        f"table {source.table}, column {column.name} ({column.kind.name}), which finds rows of {source.root}"
    )
    if family == "mysql" and isinstance(column.kind, Instant):
        raise Unwritable(
            f"{where}: the text of a TIMESTAMP depends on the time zone of the application's session; use another unique column, "
            "or make it DATETIME"
        )
    if family == "sqlite" and getattr(column.kind, "sort", "") not in (
        "integer",
        "text",
        "binary",
        "date",
        "uuid",
        "enum",
    ):
        raise Unwritable(
            f"{where}: SQLite itself can't write its exact text, and a trigger has no other functions than SQLite's; use an "
            "INTEGER or TEXT column"
        )
