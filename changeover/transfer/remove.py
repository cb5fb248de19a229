"""Target rows whose root is gone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from changeover.binding import Bound
from changeover.keyset.key import KeyValues, split
from changeover.ledger.tables import KeyText
from changeover.transfer import sql
from changeover.transfer.chunk import Keys, Selection, Span
from changeover.transfer.confirm import same_spelling
from changeover.transfer.matching import execute, matching
from changeover.transfer.statements import KEYS_AT_ONCE, key_text, parts, scalar, staged_keys


def gone(connection: sa.Connection, bound: Bound, selection: Selection) -> list[str]:
    """Encoded keys of roots that belong to the selection, may have a target row, and are not in the stage."""
    if isinstance(selection, Keys):
        there = set(staged_keys(connection, bound))
        same_spelling(bound, there, selection.encoded)
        return [key for key in selection.encoded if key not in there]
    if bound.identity == "direct":
        return _gone_direct(connection, bound, selection)
    if bound.key.is_number:
        return _gone_numbered(connection, bound, selection.lower, selection.upper)
    return []  # keys that only the old database can order: looked for when the range's end is reached


def leads(connection: sa.Connection, bound: Bound, keys: Sequence[str]) -> list[tuple[str, KeyValues]]:
    """The roots, of these that are gone, whose target row goes with them, and the row's key."""
    if bound.identity == "direct":
        return [(key, shifted(bound, key)) for key in keys]
    column = "target_id" if bound.identity == "assigned" else "target_key"
    links: list[tuple[str, str]] = []
    for part in parts(keys):
        links += [
            (root, str(row)) for root, row in linked_to(connection, bound, part, column) if row is not None
        ]
    others = _others(connection, bound, [row for _, row in links], column, set(keys))
    return [(root, split_key(bound, row)) for root, row in links if row not in others]


def roots_of(connection: sa.Connection, bound: Bound, target_keys: Collection[str]) -> dict[str, str]:
    """The mapping's root of each target row that has just one root, by the row's key as the id map has it."""
    if bound.identity == "direct":
        return {
            key: "|".join(str(int(number) - bound.offset) for number in split_key(bound, key))
            for key in target_keys
        }
    if bound.identity == "assigned":
        links = [
            (str(row), number, root)
            for number, root, row in sharing(connection, bound, sorted(int(key) for key in target_keys))
        ]
    else:
        statement = sa.text(
            "SELECT target_key, root_key FROM changeover_id_map "
            "WHERE target_id IS NULL AND mapping_id = :m AND target_key IN :keys"
        ).bindparams(sa.bindparam("keys", expanding=True, type_=KeyText()))
        links = [
            (key_text(row), bound.id, key_text(root))
            for part in parts(target_keys)
            for row, root in connection.execute(statement, {"m": bound.id, "keys": part})
        ]
    found: dict[str, list[tuple[int, str]]] = {}
    for row, number, root in links:
        found.setdefault(row, []).append((number, root))
    return {row: roots[0][1] for row, roots in found.items() if len(roots) == 1 and roots[0][0] == bound.id}


def delete(connection: sa.Connection, bound: Bound, keys: Sequence[str]) -> tuple[int, list[tuple[int, str]]]:
    """Delete the target rows of these roots, and forget the roots.

    Returns how many rows were deleted, and the roots of other mappings, as (mapping's number, encoded key), whose row was
    shared: it stays, and they are to be applied again.
    """
    deleted, followers = 0, list[tuple[int, str]]()
    for part in parts(keys):
        if bound.identity == "direct":
            deleted += _delete_rows(connection, bound, [shifted(bound, key) for key in part])
        elif bound.identity == "assigned":
            count, more = _delete_assigned(connection, bound, part)
            deleted += count
            followers.extend(more)
        else:
            links = linked_to(connection, bound, part, "target_key")
            targets = [str(key) for _, key in links if key is not None]
            forget(connection, bound, part)
            deleted += delete_rows_by_key(connection, bound, unlinked(connection, bound, targets))
    return deleted, followers


def delete_rows_by_key(connection: sa.Connection, bound: Bound, target_keys: Sequence[str]) -> int:
    """Delete target rows by the texts the id map remembers them by."""
    return sum(
        _delete_rows(connection, bound, [split_key(bound, key) for key in part])
        for part in parts(target_keys)
    )


def unlinked(
    connection: sa.Connection, bound: Bound, target_keys: Sequence[str], mappings: Sequence[int] = ()
) -> list[str]:
    """Those of the remembered target keys that no root of the mapping (or of ``mappings``, by their numbers) leads to now."""
    numbers = ", ".join(map(str, mappings or (bound.id,)))
    statement = sa.text(
        f"SELECT target_key FROM changeover_id_map WHERE target_id IS NULL AND mapping_id IN ({numbers}) "
        "AND target_key IN :keys"
    ).bindparams(sa.bindparam("keys", expanding=True, type_=KeyText()))
    linked: set[str] = set()
    for part in parts(target_keys):
        linked.update(map(key_text, connection.execute(statement, {"keys": part}).scalars()))
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


def linked_span(bound: Bound, selection: Span) -> str:
    """The links ``i`` of a span's roots, where the roots' keys are numbers."""
    lower, upper = _numbers(bound, selection.lower), _numbers(bound, selection.upper)
    return f"i.mapping_id = {bound.id} AND {_between(['i.root_number'], lower, upper)}"


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
    where = linked_span(bound, Span(lower, upper))
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


def shifted(bound: Bound, key: str) -> KeyValues:
    """The key of a root's target row, where ids are kept or shifted."""
    return tuple(str(int(value) + bound.offset) for value in bound.key.decode(key))


def split_key(bound: Bound, target_key: str) -> KeyValues:
    """A target key as the id map has it, in its parts."""
    if len(bound.identity_columns) == 1:
        return (target_key,)
    return split(target_key)


def _delete_rows(connection: sa.Connection, bound: Bound, keys: Sequence[KeyValues]) -> int:
    if not keys:
        return 0
    rows = matching(bound, keys)
    return execute(connection, bound.dialect.delete(bound.new.table, rows.listed, rows.same), rows).rowcount


def _delete_assigned(
    connection: sa.Connection, bound: Bound, keys: list[str]
) -> tuple[int, list[tuple[int, str]]]:
    ids = sorted({int(i) for _, i in linked_to(connection, bound, keys) if i is not None})
    forget(connection, bound, keys)
    if not ids:
        return 0, []
    links = sharing(connection, bound, ids)
    kept = {i for _, _, i in links}
    free = [i for i in ids if i not in kept]
    deleted = _delete_rows(connection, bound, [(str(i),) for i in free])
    return deleted, [(m, k) for m, k, _ in links]


def sharing(connection: sa.Connection, bound: Bound, ids: Sequence[int]) -> list[tuple[int, str, int]]:
    """The roots, as (mapping's number, encoded key, id), that lead to the target's rows of these ids now."""
    found: list[tuple[int, str, int]] = []
    for start in range(0, len(ids), KEYS_AT_ONCE):
        listed = ", ".join(map(str, ids[start : start + KEYS_AT_ONCE]))
        links = connection.execute(
            sa.text(
                "SELECT i.mapping_id, i.root_key, i.target_id FROM changeover_id_map i JOIN changeover_mapping m "
                f"ON m.id = i.mapping_id WHERE i.target_id IN ({listed}) AND m.target = :t"
            ),
            {"t": bound.mapping.target},
        )
        found += [(int(m), key_text(k), int(i)) for m, k, i in links]
    return found


def _others(
    connection: sa.Connection, bound: Bound, rows: Sequence[str], column: str, gone: set[str]
) -> set[str]:
    """Those of the target rows that a root leads to which is not gone."""
    if column == "target_id":
        links = sharing(connection, bound, sorted({int(row) for row in rows}))
        return {str(i) for m, key, i in links if m != bound.id or key not in gone}
    statement = sa.text(
        "SELECT root_key, target_key FROM changeover_id_map WHERE target_id IS NULL AND mapping_id = :m "
        "AND target_key IN :keys"
    ).bindparams(sa.bindparam("keys", expanding=True, type_=KeyText()))
    found: set[str] = set()
    for part in parts(rows):
        for root, row in connection.execute(statement, {"m": bound.id, "keys": part}):
            if key_text(root) not in gone:
                found.add(key_text(row))
    return found


def linked_to(
    connection: sa.Connection, bound: Bound, keys: Sequence[str], column: str = "target_id"
) -> list[tuple[str, Any]]:
    """The roots' links: which row each leads to."""
    statement = sa.text(
        f"SELECT root_key, {column} FROM changeover_id_map WHERE mapping_id = :m AND root_key IN :keys"
    ).bindparams(sa.bindparam("keys", expanding=True, type_=KeyText()))
    found: list[tuple[str, Any]] = []
    for part in parts(keys):
        for root, value in connection.execute(statement, {"m": bound.id, "keys": part}):
            found.append((key_text(root), key_text(value) if isinstance(value, (bytes, str)) else value))
    return found


def forget(connection: sa.Connection, bound: Bound, keys: list[str]) -> None:
    """Take the roots out of the id map."""
    statement = sa.text(
        "DELETE FROM changeover_id_map WHERE mapping_id = :m AND root_key IN :keys"
    ).bindparams(sa.bindparam("keys", expanding=True, type_=KeyText()))
    connection.execute(statement, {"m": bound.id, "keys": keys})
