"""The new side's statements, as pure functions of a bound mapping. ``s`` is the stage, ``t`` the target, ``i`` the id map.

No value stands in them: what rows hold is staged, and the numbers written out are the ledger's own.
"""

from __future__ import annotations

from collections.abc import Sequence

from changeover.binding import Bound, BoundColumn, BoundLookup
from changeover.binding.joins import comparable
from changeover.mapping import Constant, Image, Python, ValueMap
from changeover.schema import ForeignKey
from changeover.types.base import Kind
from changeover.types.integer import Integer


def stage(bound: Bound) -> str:
    """The stage, quoted."""
    return bound.dialect.quote(bound.stage)


def source(bound: Bound, *, unlinked: bool = False) -> str:
    """The stage with what its rows' values need: the id map for assigned ids, a join for each lookup.

    ``unlinked`` keeps the rows that the id map doesn't know.
    """
    parts = [f"{stage(bound)} AS s"]
    if bound.identity == "assigned":
        parts.append(linked(bound, outer=unlinked))
    parts.extend(lookup.joined for lookup in bound.lookups)
    return " ".join(parts)


def linked(bound: Bound, *, outer: bool = False) -> str:
    """The join from the stage to its roots' links in the id map."""
    how = "LEFT JOIN" if outer else bound.dialect.then_join
    return f"{how} changeover_id_map AS i ON i.mapping_id = {bound.dialect.constant_after(bound.id, 's.k')} AND i.root_key = s.k"


def identity(bound: Bound) -> str:
    """``t`` is the row that ``s`` leads to, in a form that uses the target's primary key."""
    q = bound.dialect.quote
    if bound.identity == "assigned":
        return f"t.{q(bound.identity_columns[0])} = i.target_id"
    return " AND ".join(
        f"t.{q(name)} = {_key_value(bound, bound.column(name))}" for name in bound.identity_columns
    )


def differs(bound: Bound, column: BoundColumn) -> str:
    """``t`` does not hold what ``s`` says. Never NULL."""
    stored = f"t.{bound.dialect.quote(column.name)}"
    if column.lookup:
        plain = (
            f"NOT ({stored} <=> {column.value})"
            if bound.dialect.family == "mysql"
            else _distinct(bound, stored, column.value)
        )
    else:
        family, source = bound.dialect.family, _written_by(bound, column)
        plain = (
            column.kind.differs_from(source, stored, column.text, family)
            if source
            else column.kind.differs(stored, column.text, family)
        )
    guard = senior(bound, column)
    return f"(NOT ({guard}) AND ({plain}))" if guard else f"({plain})"


def either(terms: Sequence[str]) -> str:
    """Terms with OR between them; halved, since a thousand in a row are deeper than SQLite's parser."""
    if len(terms) < 3:
        return " OR ".join(terms) if terms else "1 = 0"
    middle = len(terms) // 2
    return f"({either(terms[:middle])}) OR ({either(terms[middle:])})"


def any_differs(bound: Bound) -> str:
    """``t`` is not what ``s`` says, in some column that an update sets."""
    return either([differs(bound, column) for column in written(bound)])


def written(bound: Bound) -> list[BoundColumn]:
    """The columns that an update sets."""
    return [column for column in bound.columns if column.name not in bound.identity_columns]


def verified(bound: Bound) -> list[BoundColumn]:
    """The columns that a stored row is looked at for. A key that is found may be spelled otherwise than it was given: a collation
    takes several for one, a type pads it, a trigger rewrites it. A number is found only where it is the same."""
    spelled = [bound.column(name) for name in bound.identity_columns if bound.identity == "mapped"]
    return [*(column for column in spelled if not isinstance(column.kind, Integer)), *written(bound)]


def resolved(bound: Bound, *, own: bool) -> str:
    """Every lookup (of the target itself, or of other tables) that names a parent and can't do without has found it."""
    return _found(needed(bound, own=own))


def twin(bound: Bound, order: str) -> str:
    """``z`` is a root of the same mapping and the same target row as ``i``, with a lower (``<``) or higher (``>``) key."""
    column = "root_number" if bound.key.is_number else "root_key"
    # The sum keeps a planner without statistics from reading all of the mapping's links for each row.
    return f"z.target_id = i.target_id AND z.mapping_id + 0 = {bound.id} AND z.{column} {order} i.{column}"


def speaks(bound: Bound) -> str:
    """No other root of the mapping with a lower key has the same target row: what this root says is what the row holds."""
    if bound.assigned is None or not bound.assigned.match or bound.assigned.duplicates != "first":
        return "1 = 1"
    return f"NOT EXISTS (SELECT 1 FROM changeover_id_map z WHERE {twin(bound, '<')})"


def update(bound: Bound) -> str | None:
    """Make existing rows equal; None when there is nothing but a key."""
    sets = [(column.name, _assigned(bound, column)) for column in written(bound)]
    if not sets:
        return None
    where = f"({any_differs(bound)}) AND {updated(bound)}"
    return bound.dialect.update(bound.new.table, sets, source(bound), identity(bound), where)


def updated(bound: Bound) -> str:
    """The staged row is one that an update may write: its parents are there, and it has the say."""
    return f"{_complete(bound)} AND {speaks(bound)}"


def insert(bound: Bound, *, anti_join: bool) -> str:
    """Insert rows that are missing (all of them, without ``anti_join``)."""
    q = bound.dialect.quote
    names = [column.name for column in bound.columns]
    values = [column.value for column in bound.columns]
    if bound.identity == "assigned":
        names.insert(0, bound.identity_columns[0])
        values.insert(0, "i.target_id")
    joined = (
        f" LEFT JOIN {bound.dialect.table(bound.new.table)} AS t ON {identity(bound)}" if anti_join else ""
    )
    where = [_complete(bound), speaks(bound)]
    if anti_join:
        where.append(f"t.{q(bound.identity_columns[0])} IS NULL")
    return (
        f"INSERT INTO {bound.dialect.table(bound.new.table)} ({', '.join(map(q, names))}) {bound.dialect.insert_override()}"
        f"SELECT {', '.join(values)} FROM {source(bound)}{joined} WHERE {' AND '.join(where)}"
    )


def wrong(bound: Bound, limit: int | None = None, *, lacking: bool = False) -> str:
    """Keys of staged rows whose target row is missing or different, or who name a parent of another table that isn't
    there: after a write there must be none. ``lacking``: or whose row lacks a parent that may come later."""
    missing = f"t.{bound.dialect.quote(bound.identity_columns[0])} IS NULL"
    tail = f" LIMIT {limit}" if limit else ""
    differs_at_all = either([differs(bound, column) for column in verified(bound)])
    parents = resolved(bound, own=False)
    if lacking:
        parents += f" AND {_found([lookup for lookup in bound.lookups if lookup.later])}"
    return (
        f"SELECT s.k, CASE WHEN {missing} THEN 1 ELSE 0 END FROM {source(bound)} LEFT JOIN "
        f"{bound.dialect.table(bound.new.table)} AS t "
        f"ON {identity(bound)} WHERE ({missing} OR {differs_at_all} OR NOT ({parents})) "
        f"AND {speaks(bound)}{tail}"
    )


def different(bound: Bound, columns: Sequence[BoundColumn]) -> str:
    """Keys of staged rows whose target row is there and differs in one of the columns: for each, a flag, then for each its text."""
    terms = [differs(bound, column) for column in columns]
    flags = ", ".join(f"CASE WHEN {term} THEN 1 ELSE 0 END" for term in terms)
    texts = ", ".join(f"CASE WHEN {term} THEN {c.text} END" for c, term in zip(columns, terms, strict=True))
    return (
        f"SELECT s.k, {flags}, {texts} FROM {source(bound)} JOIN {bound.dialect.table(bound.new.table)} AS t "
        f"ON {identity(bound)} WHERE ({either(terms)}) AND {speaks(bound)}"
    )


def existing(bound: Bound, *, count: bool) -> str:
    """How many staged rows have a target row, or just whether one has."""
    what = "COUNT(*)" if count else "1"
    tail = "" if count else " LIMIT 1"
    id_map = f" {linked(bound)}" if bound.identity == "assigned" else ""
    lookups = "".join(
        f" {lookup.joined}" for lookup in bound.lookups if lookup.column in bound.identity_columns
    )
    return (
        f"SELECT {what} FROM {stage(bound)} AS s{id_map}{lookups} JOIN {bound.dialect.table(bound.new.table)} "
        f"AS t ON {identity(bound)}{tail}"
    )


def dangling(bound: Bound, key: ForeignKey) -> str:
    """Keys of staged rows whose target row names a parent that isn't there."""
    q = bound.dialect.quote
    on = " AND ".join(
        f"p.{q(parent)} = t.{q(name)}" for name, parent in zip(key.columns, key.parent_columns, strict=True)
    )
    given = " AND ".join(f"t.{q(name)} IS NOT NULL" for name in key.columns)
    return (
        f"SELECT s.k FROM {source(bound)} JOIN {bound.dialect.table(bound.new.table)} AS t ON {identity(bound)} "
        f"LEFT JOIN {bound.dialect.table(key.parent)} AS p ON {on} "
        f"WHERE {given} AND p.{q(key.parent_columns[0])} IS NULL"
    )


def unresolved(bound: Bound) -> str | None:
    """Keys of staged rows with a lookup of another table that found nothing, a flag for each such lookup."""
    return _lost(bound, needed(bound, own=False), "")


def own_unresolved(bound: Bound) -> str | None:
    """The same for lookups of the target itself, after all rows that could be written were."""
    return _lost(bound, needed(bound, own=True), _links(bound))


def lacking(bound: Bound) -> str | None:
    """The same for lookups whose parents may come later, after the rows were written without them."""
    return _lost(bound, [lookup for lookup in bound.lookups if lookup.later], _links(bound))


def needed(bound: Bound, *, own: bool) -> list[BoundLookup]:
    """The lookups of the target itself, or of other tables, without whose parents no row is written."""
    return [lookup for lookup in bound.lookups if lookup.own == own and not lookup.later]


def _lost(bound: Bound, lookups: Sequence[BoundLookup], links: str) -> str | None:
    if not lookups:
        return None
    lost = [f"({lookup.given} AND {lookup.value} IS NULL)" for lookup in lookups]
    flags = ", ".join(f"CASE WHEN {term} THEN 1 ELSE 0 END" for term in lost)
    joins = links + "".join(f" {lookup.joined}" for lookup in lookups)
    return f"SELECT s.k, {flags} FROM {stage(bound)} AS s{joins} WHERE {' OR '.join(lost)}"


def _links(bound: Bound) -> str:
    return f" {linked(bound, outer=True)}" if bound.identity == "assigned" else ""


def _found(lookups: Sequence[BoundLookup]) -> str:
    terms = [f"(NOT ({lookup.given}) OR {lookup.value} IS NOT NULL)" for lookup in lookups]
    return " AND ".join(terms) if terms else "1 = 1"


def number(bound: Bound, key: str = "s.k") -> str:
    """The root's key as a number, where it is one."""
    return bound.dialect.integer(key) if bound.key.is_number else "NULL"


def match(bound: Bound, names: Sequence[str], alias: str = "t") -> str:
    """The target row of ``alias`` has the values that ``s`` has in ``names``."""
    return " AND ".join(
        f"{alias}.{bound.dialect.quote(name)} = {_key_value(bound, bound.column(name))}" for name in names
    )


def comparables(bound: Bound, names: Sequence[str]) -> list[str]:
    """The values ``s`` gives to ``names``, as the target's columns compare them."""
    return [_key_value(bound, bound.column(name)) for name in names]


def _written_by(bound: Bound, column: BoundColumn) -> Kind | None:
    """The kind of the old column whose own text is staged; None where a mark, a function or a declared value may be."""
    made = bound.mapping.made.get(column.name)
    if column.marked or isinstance(made, (Image, Python, Constant, ValueMap)):
        return None
    return column.source


def _complete(bound: Bound) -> str:
    """No parent is missing: a row is never written with NULL in the place of one that isn't there yet."""
    return f"{resolved(bound, own=True)} AND {resolved(bound, own=False)}"


def _key_value(bound: Bound, column: BoundColumn) -> str:
    if column.lookup:
        return column.value
    return comparable(bound.new, column.name, column.text, bound.dialect)


def _assigned(bound: Bound, column: BoundColumn) -> str:
    guard = senior(bound, column)
    return (
        f"CASE WHEN {guard} THEN t.{bound.dialect.quote(column.name)} ELSE {column.value} END"
        if guard
        else column.value
    )


def senior(bound: Bound, column: BoundColumn) -> str:
    """A mapping that is asked first in the merge also feeds this row and has this column."""
    ids = [str(number) for number, columns in bound.seniors if column.name in columns]
    if not ids:
        return ""
    return f"EXISTS (SELECT 1 FROM changeover_id_map z WHERE z.target_id = i.target_id AND z.mapping_id + 0 IN ({', '.join(ids)}))"


def _distinct(bound: Bound, left: str, right: str) -> str:
    return (
        f"{left} IS DISTINCT FROM {right}"
        if bound.dialect.family == "postgresql"
        else f"{left} IS NOT {right}"
    )
