"""A target table's columns for Dagster: what they are in the live database, and where their values come from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import dagster as dg

from assets.keys import new_key, old_key
from assets.lineage import NewColumn, OldColumn, column_sources
from changeover.mapping import Constant, Lookup, Mapping
from changeover.schema import TableShape


def column_lineage(mappings: Iterable[Mapping]) -> dg.TableColumnLineage:
    """The columns that each column of a target is computed from, over all mappings that feed it."""
    found: dict[str, dict[OldColumn | NewColumn, None]] = {}
    for mapping in mappings:
        for column, sources in column_sources(mapping).items():
            found.setdefault(column, {}).update(dict.fromkeys(sources))
    return dg.TableColumnLineage(
        deps_by_column={column: [_dep(source) for source in sources] for column, sources in found.items()}
    )


def column_schema(shape: TableShape, mappings: Sequence[Mapping]) -> dg.TableSchema:
    """The columns of a live table, each described by where its values come from.

    Only Dagster+ draws column lineage; the open-source UI shows descriptions.
    """
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                type=str(column.type),
                description="; ".join(
                    dict.fromkeys(_origin(mapping, column.name, shape) for mapping in mappings)
                ),
                constraints=dg.TableColumnConstraints(
                    nullable=column.nullable, unique=shape.primary_key == (column.name,)
                ),
            )
            for column in shape.columns
        ]
    )


def _origin(mapping: Mapping, column: str, shape: TableShape) -> str:
    """In words: ``from shop.tb_coupon.amt``, ``key of member, by shop.tb_coupon.mem_no``, ``constant`` …"""
    made = mapping.made.get(column)
    sources = [s for s in column_sources(mapping).get(column, ()) if isinstance(s, OldColumn)]
    named = ", ".join(f"{s.database}.{s.table}.{s.column}" for s in sources)
    if isinstance(made, Lookup):
        return f"key of {made.parent}, by {named}"
    if isinstance(made, Constant):
        return "constant"
    if made is None and column in shape.primary_key:
        return f"ids of {mapping.root_name}: {type(mapping.ids).__name__.lower()}"
    return f"from {named}" if named else "left to the new database"


def _dep(source: OldColumn | NewColumn) -> dg.TableColumnDep:
    key = new_key(source.table) if isinstance(source, NewColumn) else old_key(source.database, source.table)
    return dg.TableColumnDep(asset_key=key, column_name=source.column)
