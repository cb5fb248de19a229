"""The id map of rows whose key is made of columns: which target row each root made."""

from __future__ import annotations

import sqlalchemy as sa

from changeover.binding import Bound
from changeover.dialects import TableName
from changeover.ledger.rejects import Reject
from changeover.transfer import sql
from changeover.transfer.referred import held, rejects
from changeover.transfer.remove import delete_rows_by_key, split_key, unlinked
from changeover.transfer.statements import key_text, rows, run, staged_keys
from changeover.transfer.target_key import stored_key, target_key


def remember(connection: sa.Connection, bound: Bound, range_no: int | None) -> tuple[int, list[Reject]]:
    """Record the staged roots' target keys. A root that leads to another key now gives up its former row.

    Returns how many former rows were deleted; or, if some can't be, since other rows refer to them, the rejects of their roots.
    """
    key = target_key(bound)
    lookups = "".join(
        f" {lookup.joined}" for lookup in bound.lookups if lookup.column in bound.identity_columns
    )
    staged = f"{sql.stage(bound)} AS s{lookups}"
    joined = f"{staged} {sql.linked(bound)}"
    moved = rows(connection, f"SELECT s.k, i.target_key FROM {joined} WHERE i.target_key <> {key}")
    number = "NULL" if range_no is None else str(int(range_no))
    changed = f"t.target_key <> {key}" + (
        "" if range_no is None else f" OR t.range_no IS NULL OR t.range_no <> {number}"
    )
    sets = [("target_key", key)] + ([] if range_no is None else [("range_no", number)])
    on = f"t.mapping_id = {bound.dialect.constant_after(bound.id, 's.k')} AND t.root_key = s.k"
    run(connection, bound.dialect.update(TableName("changeover_id_map"), sets, staged, on, changed))
    run(
        connection,
        "INSERT INTO changeover_id_map (mapping_id, root_key, root_number, range_no, target_key) "
        f"SELECT {bound.id}, s.k, {sql.number(bound)}, {number}, {key} FROM {staged} "
        f"{sql.linked(bound, outer=True)} WHERE i.root_key IS NULL",
    )
    # Rows that change places are not gone: another root leads to them now.
    left = unlinked(connection, bound, [key_text(row[1]) for row in moved])
    stay = held(connection, bound, [split_key(bound, key) for key in left])
    if stay:
        former = [(root, split_key(bound, key_text(key))) for root, key in moved]
        return 0, rejects(former, stay, "it has another key now")
    return delete_rows_by_key(connection, bound, left), []


def taken(connection: sa.Connection, bound: Bound) -> list[Reject]:
    """Roots whose target row is another root's, which isn't in the stage: they would overwrite each other with every run.

    Of two that are remembered for one row, it is the one with the lower key's.
    """
    key, dialect = target_key(bound), bound.dialect
    found = rows(
        connection,
        f"SELECT s.k, z.root_key FROM {sql.source(bound)} {sql.linked(bound, outer=True)} "
        f"JOIN {dialect.table(bound.new.table)} AS t ON {sql.identity(bound)} "
        f"JOIN changeover_id_map AS z ON z.target_id IS NULL AND z.mapping_id = {bound.id} "
        f"AND z.target_key = {stored_key(bound)} "
        f"WHERE z.root_key <> s.k AND (i.root_key IS NULL OR i.target_key <> {key} OR z.root_key < s.k)",
    )
    if not found:
        return []
    staged = set(staged_keys(connection, bound))
    listed = ", ".join(bound.identity_columns)
    return [
        Reject(
            root,
            bound.identity_columns[0],
            "conflict",
            f"root {key_text(other)} and root {root} make the same row of {bound.mapping.target} by ({listed})",
            rival=key_text(other),
        )
        for root, other in found
        if key_text(other) not in staged
    ]
