"""Target rows whose root is gone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from changeover.binding import Bound
from changeover.binding.joins import comparable
from changeover.keyset.key import KeyValues, split
from changeover.ledger.tables import KeyText
from changeover.transfer import sql
from changeover.transfer.chunk import Keys, Selection, Span
from changeover.transfer.statements import key_text, parts, scalar, staged_keys

_HOLE = "\ufffc"
_PARAMETER = re.compile(f"{_HOLE}(\\w+){_HOLE}")


def gone(connection: sa.Connection, bound: Bound, selection: Selection) -> list[str]:
    """Encoded keys of roots that belong to the selection, may have a target row, and are not in the stage."""
    if isinstance(selection, Keys):
        there = set(staged_keys(connection, bound))
        return [key for key in selection.encoded if key not in there]
    if bound.identity == "direct":
        return _gone_direct(connection, bound, selection)
    if bound.key.is_number:
        return _gone_numbered(connection, bound, selection.lower, selection.upper)
    return []  # keys that only the old database can order: looked for when the range's end is reached


def delete(connection: sa.Connection, bound: Bound, keys: Sequence[str]) -> tuple[int, list[tuple[int, str]]]:
    """Delete the target rows of these roots, and forget the roots.

    Returns how many rows were deleted, and the roots of other mappings, as (mapping's number, encoded key), whose row was
    shared: it stays, and they are to be applied again.
    """
    deleted, followers = 0, list[tuple[int, str]]()
    for part in parts(keys):
        if bound.identity == "direct":
            deleted += _delete_rows(connection, bound, [_shifted(bound, key) for key in part])
        elif bound.identity == "assigned":
            count, more = _delete_assigned(connection, bound, part)
            deleted += count
            followers.extend(more)
        else:
            targets = [
                str(key) for key in _remembered(connection, bound, part, "target_key") if key is not None
            ]
            forget(connection, bound, part)
            deleted += delete_rows_by_key(connection, bound, unlinked(connection, bound, targets))
    return deleted, followers


def delete_rows_by_key(connection: sa.Connection, bound: Bound, target_keys: Sequence[str]) -> int:
    """Delete target rows by the texts the id map remembers them by."""
    return sum(
        _delete_rows(connection, bound, [_split(bound, key) for key in part]) for part in parts(target_keys)
    )


def unlinked(connection: sa.Connection, bound: Bound, target_keys: Sequence[str]) -> list[str]:
    """Those of the remembered target keys that no root of the mapping leads to now."""
    statement = sa.text(
        "SELECT target_key FROM changeover_id_map WHERE target_id IS NULL AND mapping_id = :m AND target_key IN :keys"
    ).bindparams(sa.bindparam("keys", expanding=True, type_=KeyText()))
    linked: set[str] = set()
    for part in parts(target_keys):
        linked.update(map(key_text, connection.execute(statement, {"m": bound.id, "keys": part}).scalars()))
    return [key for key in target_keys if key not in linked]


def span(bound: Bound, selection: Span) -> str:
    """The target rows of a span's roots, where the roots' keys are the targets' own."""
    columns = [f"t.{bound.dialect.quote(c)}" for c in bound.identity_columns]
    lower, upper = _numbers(bound, selection.lower), _numbers(bound, selection.upper)
    # Other old databases have their parts of the key space; an open range ends where such a part does.
    floor, ceiling = bound.owned
    if len(columns) == 1 and floor is not None:
        lower = [max(floor, *(lower or [floor]))]
    if len(columns) == 1 and ceiling is not None:
        upper = [min(ceiling, *upper)]
    return _between(columns, lower, upper)


def _gone_direct(connection: sa.Connection, bound: Bound, selection: Span) -> list[str]:
    table, columns = (
        bound.dialect.table(bound.new.table),
        [bound.dialect.quote(c) for c in bound.identity_columns],
    )
    where = span(bound, selection)
    there_are = scalar(connection, f"SELECT COUNT(*) FROM {table} AS t WHERE {where}")
    if not there_are or there_are == scalar(connection, sql.existing(bound, count=True)):
        return []
    there = connection.exec_driver_sql(
        f"SELECT {', '.join(f't.{c}' for c in columns)} FROM {table} AS t WHERE {where}",
        execution_options={"no_parameters": True},
    ).all()
    read = {tuple(map(int, bound.key.decode(key))) for key in staged_keys(connection, bound)}
    keys = [tuple(int(value) - bound.offset for value in row) for row in there]
    return ["|".join(map(str, key)) for key in keys if key not in read]


def _gone_numbered(
    connection: sa.Connection, bound: Bound, lower: KeyValues | None, upper: KeyValues
) -> list[str]:
    where = f"i.mapping_id = {bound.id} AND {_between(['i.root_number'], _numbers(bound, lower), _numbers(bound, upper))}"
    known = scalar(connection, f"SELECT COUNT(*) FROM changeover_id_map AS i WHERE {where}")
    if not known:
        return []
    joined = f"FROM {sql.stage(bound)} AS s {sql.linked(bound)}"
    if known == scalar(connection, f"SELECT COUNT(*) {joined}"):
        return []
    there = connection.exec_driver_sql(
        f"SELECT i.root_key FROM changeover_id_map AS i WHERE {where}"
    ).scalars()
    read = set(staged_keys(connection, bound))
    return [key for key in map(key_text, there) if key not in read]


def _between(columns: list[str], lower: list[int] | None, upper: list[int]) -> str:
    return " AND ".join(
        ([_order(columns, lower, ">", ">")] if lower is not None else [])
        + [_order(columns, upper, "<", "<=")]
    )


def _order(columns: list[str], values: list[int], strict: str, last: str) -> str:
    """A lexicographic comparison with numbers, spelled out so that every database reads it as a range."""
    terms: list[str] = []
    for depth in range(len(columns)):
        op = last if depth == len(columns) - 1 else strict
        terms.append(
            " AND ".join(
                [f"{columns[n]} = {values[n]}" for n in range(depth)]
                + [f"{columns[depth]} {op} {values[depth]}"]
            )
        )
    if len(columns) == 1:
        return terms[0]
    return f"{columns[0]} {strict}= {values[0]} AND (" + " OR ".join(f"({term})" for term in terms) + ")"


def _numbers(bound: Bound, key: KeyValues | None) -> Any:
    shift = bound.offset if bound.identity == "direct" else 0
    return None if key is None else [int(value) + shift for value in key]


def _shifted(bound: Bound, key: str) -> KeyValues:
    return tuple(str(int(value) + bound.offset) for value in bound.key.decode(key))


def _split(bound: Bound, target_key: str) -> KeyValues:
    if len(bound.identity_columns) == 1:
        return (target_key,)
    return split(target_key)


def _delete_rows(connection: sa.Connection, bound: Bound, keys: Sequence[KeyValues]) -> int:
    if not keys:
        return 0
    # Keys are values of rows: they go as parameters, as text, and are read as their column's type.
    columns = [(name, bound.dialect.quote(name)) for name in bound.identity_columns]
    params: dict[str, str] = {}
    terms: list[str] = []
    for row, key in enumerate(keys):
        same: list[str] = []
        for place, ((name, quoted), value) in enumerate(zip(columns, key, strict=True)):
            parameter = f"k{row}_{place}"
            params[parameter] = value
            same.append(
                f"t.{quoted} = {comparable(bound.new, name, f'{_HOLE}{parameter}{_HOLE}', bound.dialect)}"
            )
        terms.append(" AND ".join(same))
    where = " OR ".join(f"({term})" for term in terms)
    # A colon in a name begins no parameter.
    statement = bound.dialect.delete(bound.new.table, where).replace(":", r"\:")
    return connection.execute(sa.text(_PARAMETER.sub(r":\1", statement)), params).rowcount


def _delete_assigned(
    connection: sa.Connection, bound: Bound, keys: list[str]
) -> tuple[int, list[tuple[int, str]]]:
    ids = sorted({int(i) for i in _remembered(connection, bound, keys, "target_id") if i is not None})
    forget(connection, bound, keys)
    if not ids:
        return 0, []
    listed = ", ".join(map(str, ids))
    shared = connection.exec_driver_sql(
        f"SELECT mapping_id, root_key, target_id FROM changeover_id_map WHERE target_id IN ({listed})"
    ).all()
    same_target = {
        int(row[0])
        for row in connection.execute(
            sa.text("SELECT id FROM changeover_mapping WHERE target = :t"), {"t": bound.mapping.target}
        )
    }
    links = [(int(m), key_text(k), int(i)) for m, k, i in shared if int(m) in same_target]
    kept = {i for _, _, i in links}
    free = [i for i in ids if i not in kept]
    deleted = _delete_rows(connection, bound, [(str(i),) for i in free])
    return deleted, [(m, k) for m, k, _ in links]


def _remembered(connection: sa.Connection, bound: Bound, keys: list[str], column: str) -> list[Any]:
    statement = sa.text(
        f"SELECT {column} FROM changeover_id_map WHERE mapping_id = :m AND root_key IN :keys"
    ).bindparams(sa.bindparam("keys", expanding=True, type_=KeyText()))
    found = connection.execute(statement, {"m": bound.id, "keys": keys}).scalars()
    return [key_text(value) if isinstance(value, (bytes, str)) else value for value in found]


def forget(connection: sa.Connection, bound: Bound, keys: list[str]) -> None:
    """Take the roots out of the id map."""
    statement = sa.text(
        "DELETE FROM changeover_id_map WHERE mapping_id = :m AND root_key IN :keys"
    ).bindparams(sa.bindparam("keys", expanding=True, type_=KeyText()))
    connection.execute(statement, {"m": bound.id, "keys": keys})
