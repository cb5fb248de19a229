"""From a changed row to the roots that are to be applied again: what each table that a mapping reads is asked by.

A joined table is asked by some of its columns, or by an expression over them, each equated with an expression over the root or over
tables that were joined before it. The values that a changed row has, or had, in these columns find the roots that read it. A
condition beside these equations is left out: it finds some roots more, which costs time and changes nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.sql.selectable import Join as Joined
from sqlalchemy.sql.selectable import SelectBase, SelectStatementGrouping

from changeover.binding import Move
from changeover.capture.source import Source
from changeover.dialects import TableName
from changeover.errors import MappingError
from changeover.keyset.key import Key, KeyColumn
from changeover.mapping import Join, Mapping, OldTable
from changeover.mapping.references import Use, base, uses
from changeover.schema import Schema
from changeover.types.base import Family

LONGEST_NAME = 200
_SELECT = re.compile(r"\bselect\b", re.IGNORECASE)


class Untraceable(MappingError):
    """A table that a mapping reads, whose changes do not lead to roots. Says which mapping and table, why, and what to do."""

    def __init__(self, mapping: Mapping, table: object, why: str) -> None:
        super().__init__(
            f"mapping {mapping.name}, table {table}: a change of it can't be traced to the rows of {mapping.root_name} that read "
            f"it: {why}"
        )


def sources(move: Move, schema: Schema) -> tuple[Source, ...]:
    """What the triggers on the tables that ``move`` reads write. The root's own comes first.

    Raises: Untraceable for a table whose changes do not lead to roots.
    """
    root = move.mapping.root
    found: list[Source] = [Source(root.qualified_, _name(root), move.root, move.key)]
    seen: set[str] = set()
    for bound in move.bounds:
        for asked in _Tracer(bound.mapping, root, schema).asked():
            told = asked.told()
            if told not in seen:
                seen.add(told)
                name = _named(root.qualified_, len(found), str(asked.table))
                found.append(
                    Source(name, asked.table, move.root, asked.key, asked.outer, asked.joins, asked.inner)
                )
    return tuple(found)


@dataclass(frozen=True)
class _Asked:
    """A table and what it is asked by."""

    table: TableName
    key: Key
    outer: tuple[sa.ColumnElement[Any], ...]
    joins: tuple[Join, ...]
    inner: tuple[sa.ColumnElement[Any], ...]

    def told(self) -> str:
        """The same text for what means the same."""
        equations = (_sql(side) for pair in zip(self.inner, self.outer, strict=True) for side in pair)
        parts = [str(self.table), *(c.name for c in self.key.columns), *equations]
        return "\0".join((*parts, *(f"{_sql(j.table.from_)} {_sql(j.on)}" for j in self.joins)))


@dataclass
class _Reached:
    """What an equation may stand on: each thing in FROM, with the joins that lead to it from the root, itself last."""

    paths: dict[sa.FromClause, tuple[Join, ...]] = field(default_factory=dict)

    def joins_of(self, froms: set[sa.FromClause]) -> tuple[Join, ...]:
        """The joins that lead to all of ``froms``, in an order in which each stands on those before it."""
        return tuple(dict.fromkeys(join for one in self.paths if one in froms for join in self.paths[one]))


class _Tracer:
    """The tables of one mapping, its own handle of the root replaced by the move's, which all of its mappings share."""

    def __init__(self, mapping: Mapping, root: OldTable, schema: Schema) -> None:
        self.mapping = mapping
        self.root = root
        self.schema = schema
        self.family: Family = schema.dialect.family

    def asked(self) -> Iterator[_Asked]:
        reached = _Reached({self.root.from_: ()})
        for join in self.mapping.joins:
            on = self.shared(join.on)
            table = join.table.from_
            found = self.equated(table, list(_conjuncts(on)), reached)
            if found is None:
                raise Untraceable(self.mapping, join.table.qualified_, _UNEQUATED)
            yield found
            needed = reached.joins_of(_froms(on) - {table})
            reached.paths[table] = (*needed, Join(join.table, on, join.outer))
        for use in uses(self.mapping):
            yield from self.nested(use, self.shared(use.value), reached)

    def shared(self, value: Any) -> Any:
        """The expression over the move's handle of the root."""
        own = self.mapping.root.from_
        if own is self.root.from_:
            return value

        def replace(element: Any, **_: Any) -> Any:
            is_own = isinstance(element, sa.ColumnClause) and element.table is own
            return self.root[element.name] if is_own else None

        return visitors.replacement_traverse(value, {}, replace)

    def nested(self, use: Use, value: sa.ClauseElement, reached: _Reached) -> Iterator[_Asked]:
        """The tables of the subqueries in an expression."""
        if isinstance(value, sa.TextClause) or (isinstance(value, sa.ColumnClause) and value.is_literal):
            text = value.text if isinstance(value, sa.TextClause) else value.name
            if _SELECT.search(text):
                raise Untraceable(
                    self.mapping,
                    self.root.qualified_,
                    f"{use.what} holds a subquery as text; write it with select()",
                )
        if isinstance(value, sa.Select):
            yield from self.subquery(use, value, reached)
            return
        if isinstance(value, SelectBase) and not isinstance(value, sa.CompoundSelect) and not _wraps(value):
            raise Untraceable(self.mapping, self.root.qualified_, f"{use.what} reads {_SUBQUERY}")
        for child in value.get_children():
            if isinstance(child, sa.ClauseElement):
                yield from self.nested(use, child, reached)

    def subquery(self, use: Use, select: sa.Select[Any], reached: _Reached) -> Iterator[_Asked]:
        inside = _Reached(dict(reached.paths))
        waiting: list[sa.FromClause] = []
        conjuncts = [part for where in select._where_criteria for part in _conjuncts(where)]  # pyright: ignore[reportPrivateUsage]
        for source in select.get_final_froms():
            for table, on in _tables(source):
                conjuncts += [] if on is None else list(_conjuncts(on))
                if table in reached.paths or table in waiting:
                    continue
                if base(table) is None:
                    raise Untraceable(self.mapping, self.root.qualified_, f"{use.what} reads {_SUBQUERY}")
                waiting.append(table)
        deeper = [value for value in _values(select) if base(value) is None]
        while waiting:
            ready = [(t, found) for t in waiting if (found := self.equated(t, conjuncts, inside))]
            if not ready:
                raise Untraceable(
                    self.mapping, base(waiting[0]), f"in a subquery of {use.what}, {_UNEQUATED}"
                )
            table, found = ready[0]
            yield found
            on = [c for c in conjuncts if table in (named := _froms(c)) and named <= {*inside.paths, table}]
            on = [c for c in on if not _has_select(c)]
            handle = OldTable.standing_in(self.mapping.database, table)
            inside.paths[table] = (*found.joins, Join(handle, sa.and_(*on), outer=False))
            waiting.remove(table)
        for value in deeper:
            yield from self.nested(use, value, inside)

    def equated(
        self, table: sa.FromClause, conjuncts: Sequence[sa.ColumnElement[Any]], reached: _Reached
    ) -> _Asked | None:
        """What conjuncts equate with expressions over what was reached: columns of ``table``, or expressions over them alone;
        None if there is nothing.
        """
        plain: dict[str, tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]] = {}
        others: list[tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]] = []
        for part in conjuncts:
            if not isinstance(part, sa.BinaryExpression) or part.operator is not operators.eq:
                continue
            for own, outer in ((part.left, part.right), (part.right, part.left)):
                named = _froms(outer)
                if not named or not named <= set(reached.paths) or _has_select(outer):
                    continue
                if isinstance(own, sa.ColumnClause) and own.table is table:
                    plain.setdefault(own.name, (own, outer))
                elif _froms(own) == {table} and not _has_select(own):
                    others.append((own, outer))
        named_table = base(table)
        assert named_table is not None
        name = TableName(named_table.name, named_table.schema)
        # What a plain column is asked by can be looked up by an index, so an expression is only taken where there is none.
        pairs = list(plain.values()) or [pair for pair in others if self.is_whole(name, pair[0])]
        if not pairs:
            return None
        joins = reached.joins_of({one for _, outer in pairs for one in _froms(outer)})
        columns = tuple(self.column(name, column) for column in _columns(own for own, _ in pairs))
        inner, outers = tuple(own for own, _ in pairs), tuple(outer for _, outer in pairs)
        return _Asked(name, Key(columns, self.family), outers, joins, inner)

    def is_whole(self, table: TableName, own: sa.ColumnElement[Any]) -> bool:
        """No column of the expression can be NULL: what it makes of one, a key can't say."""
        shape = self.schema.table(table)
        found = [shape.column(name) if shape else None for name in _columns([own])]
        return all(column is not None and not column.nullable for column in found)

    def column(self, table: TableName, name: str) -> KeyColumn:
        shape = self.schema.table(table)
        if shape is None:
            raise Untraceable(self.mapping, table, "there is no such table")
        column = shape.column(name)
        if column is None:
            raise Untraceable(self.mapping, table, f"it has no column {name}")
        if column.kind is None:
            raise Untraceable(
                self.mapping, table, f"column {name} has a type that can't be carried: {column.unsupported}"
            )
        return KeyColumn(name, column.kind, column.type)


_UNEQUATED = (
    "none of its columns stands in an equation (X.column = …, or a function of columns that can't be NULL, joined by AND) with an "
    "expression over the root or over a table that was reached before; write the condition so, or leave the table out of the "
    "mapping"
)
_SUBQUERY = "a subquery in the place of a table (FROM or WITH); join the table itself"


def _name(table: OldTable) -> TableName:
    return TableName(table.name_, table.schema_)


def _named(root: str, number: int, table: str) -> str:
    name = f"{root}.{number}:{table}"
    if len(name) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{root[:80]}.{number}:{table[:80]}~{digest}"


def _conjuncts(on: Any) -> Iterator[sa.ColumnElement[Any]]:
    """The parts of a condition all of which must hold."""
    if isinstance(on, sa.BooleanClauseList) and on.operator is operators.and_:
        for part in on.clauses:
            yield from _conjuncts(part)
    elif isinstance(on, Grouping):
        yield from _conjuncts(on.element)
    else:
        yield on


def _tables(source: sa.FromClause) -> Iterator[tuple[sa.FromClause, sa.ColumnElement[Any] | None]]:
    """What a FROM element joins, and on what; a condition comes with one of the tables it is about."""
    if isinstance(source, Joined):
        left = list(_tables(source.left))
        yield from left
        right = list(_tables(source.right))
        yield from right
        yield right[-1][0], source.onclause
    else:
        yield source, None


def _values(select: sa.Select[Any]) -> list[sa.ClauseElement]:
    """Expressions of a subquery in which other subqueries may stand."""
    found: list[sa.ClauseElement] = [cast("sa.ClauseElement", c) for c in select._raw_columns]  # pyright: ignore[reportPrivateUsage]
    found += select._where_criteria  # pyright: ignore[reportPrivateUsage]
    found += select._having_criteria  # pyright: ignore[reportPrivateUsage]
    found += [*select._group_by_clauses, *select._order_by_clauses]  # pyright: ignore[reportPrivateUsage]
    for source in select.get_final_froms():
        found += [on for _, on in _tables(source) if on is not None]
    return found


def _froms(value: Any) -> set[sa.FromClause]:
    """What stands in FROM for the columns that an expression names."""
    return {
        part.table
        for part in visitors.iterate(value)
        if isinstance(part, sa.ColumnClause) and part.table is not None
    }


def _columns(values: Iterable[Any]) -> list[str]:
    """The columns that expressions name, each once."""
    named = (part.name for v in values for part in visitors.iterate(v) if isinstance(part, sa.ColumnClause))
    return list(dict.fromkeys(named))


def _has_select(value: Any) -> bool:
    return any(isinstance(part, SelectBase) for part in visitors.iterate(value))


def _wraps(value: SelectBase) -> bool:
    return isinstance(value, SelectStatementGrouping)


def _sql(value: sa.ClauseElement) -> str:
    compiled = value.compile()
    return f"{compiled} {compiled.params!r}"
