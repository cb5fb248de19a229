"""Rows whose root is gone while another root makes the same row now: the old row's key was changed.

Where a row is known by something else than its root's key (values it is matched by, or a key that is computed), it is the new
key's root that it belongs to. Deleting and making it again would cost the row its id, and can't be done at all while other rows
refer to it: these wait for the new root's row, which meets the old one's.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from changeover.binding import Bound
from changeover.ledger.tables import id_map
from changeover.transfer import sql
from changeover.transfer.remove import leads
from changeover.transfer.statements import key_text, parts, rows
from changeover.transfer.target_key import target_key


def inherit(
    connection: sa.Connection, bound: Bound, gone: Sequence[str], range_no: int | None
) -> dict[str, str]:
    """Link the rows of roots that are ``gone``, and that no other root has, to staged roots that make these rows.

    Returns: the root that is gone to its heir. It is forgotten; the heir has its row, whatever becomes of the heir's values.
    """
    if not gone or not inheritable(bound):
        return {}
    alone = {root for root, _ in leads(connection, bound, gone)}
    heirs = _heirs(connection, bound, alone) if alone else {}
    for part in parts(heirs.items()):
        connection.execute(_handed_over(bound, dict(part), range_no))
    return heirs


def inheritable(bound: Bound) -> bool:
    """Whether a row can be another root's than the one that it was made of."""
    return bound.identity == "mapped" or bool(bound.assigned and bound.assigned.match)


def _heirs(connection: sa.Connection, bound: Bound, gone: set[str]) -> dict[str, str]:
    """For each root that is gone the first of the staged roots without a row that makes its row."""
    number = f", {sql.number(bound)}" if bound.key.is_number else ""
    found = rows(
        connection,
        f"SELECT s.k, z.root_key{number} FROM {_same_row(bound)} WHERE i.root_key IS NULL "
        f"ORDER BY {'3' if number else '1'}",
    )
    heirs: dict[str, str] = {}
    for heir, root, *_ in found:
        if key_text(root) in gone:
            heirs.setdefault(key_text(root), heir)
    return heirs


def _same_row(bound: Bound) -> str:
    """Staged roots ``s`` with their links ``i``, joined to the links ``z`` of the rows that they make."""
    if bound.identity == "mapped":
        lookups = "".join(f" {one.joined}" for one in bound.lookups if one.column in bound.identity_columns)
        return (
            f"{sql.stage(bound)} AS s{lookups} {sql.linked(bound, outer=True)} "
            f"JOIN changeover_id_map AS z ON z.target_id IS NULL AND z.mapping_id = {bound.id} "
            f"AND z.target_key = {target_key(bound)}"
        )
    names = bound.assigned.match if bound.assigned else ()
    key = bound.dialect.quote(bound.identity_columns[0])
    return (
        f"{sql.stage(bound)} AS s {sql.linked(bound, outer=True)} "
        f"JOIN {bound.dialect.table(bound.new.table)} AS t ON {sql.match(bound, names)} "
        f"JOIN changeover_id_map AS z ON z.target_id = t.{key} AND z.mapping_id + 0 = {bound.id}"
    )


def _handed_over(bound: Bound, heirs: dict[str, str], range_no: int | None) -> sa.Update:
    """One statement for all: a driver would send one for each."""
    key_type = id_map.c.root_key.type
    values = {
        "root_key": sa.case(
            *((id_map.c.root_key == root, sa.literal(heir, key_type)) for root, heir in heirs.items())
        ),
        "range_no": sa.literal(range_no, id_map.c.range_no.type),
    }
    if bound.key.is_number:
        values["root_number"] = sa.case(
            *((id_map.c.root_key == root, sa.literal_column(str(int(heir)))) for root, heir in heirs.items())
        )
    chosen = id_map.c.mapping_id == bound.id, id_map.c.root_key.in_(list(heirs))
    return sa.update(id_map).where(*chosen).values(values)
