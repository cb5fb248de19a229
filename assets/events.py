"""What a copied range is told to Dagster as: materializations of its partition, with its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import dagster as dg

from assets.columns import column_schema
from assets.component import Component
from assets.keys import new_key
from assets.partitions import Partitions
from changeover.ledger.ranges import KeyRange
from changeover.schema import TableShape


def materializations(
    component: Component, done: KeyRange, shapes: Mapping[str, TableShape]
) -> Iterator[dg.AssetMaterialization]:
    """One for each target. A target that the range's root doesn't feed has no row of it, and says so.

    Parameters: ``shapes`` are the targets' live tables, for their columns.
    """
    fed = {m.target for m in component.mappings_of(done.root)}
    for target in component.targets:
        metadata: dict[str, dg.MetadataValue] = _numbers(done) if target in fed else {}
        if target not in fed:
            metadata["dagster/partition_row_count"] = dg.MetadataValue.int(0)
        elif len(fed) == 1:
            metadata["dagster/partition_row_count"] = dg.MetadataValue.int(done.written + done.unchanged)
        else:
            metadata["counted_over"] = dg.MetadataValue.text(", ".join(sorted(fed)))
        if target in shapes:
            columns = column_schema(shapes[target], [m for m in component.mappings if m.target == target])
            metadata["dagster/column_schema"] = dg.MetadataValue.table_schema(columns)
        yield dg.AssetMaterialization(
            new_key(target), partition=_partition(component, done), metadata=metadata
        )


def _partition(component: Component, done: KeyRange) -> str:
    return Partitions(component.roots).key(done.root, done.name)


def _numbers(done: KeyRange) -> dict[str, dg.MetadataValue]:
    """All numbers, so that Dagster plots them over the partitions."""
    counts = {
        "rows_read": done.rows_read,
        "inserted": done.inserted,
        "updated": done.updated,
        "unchanged": done.unchanged,
        "deleted": done.deleted,
        "rejected": done.rejected,
        "bytes": done.bytes,
        "attempts": done.attempts,
    }
    return {
        **{name: dg.MetadataValue.int(number) for name, number in counts.items()},
        "seconds": dg.MetadataValue.float(round(done.seconds, 3)),
        "rows_per_second": dg.MetadataValue.float(round(done.rate, 1)),
        "root": dg.MetadataValue.text(done.root),
        "keys_above": dg.MetadataValue.text("(open)" if done.lower is None else ", ".join(done.lower)),
        "keys_up_to": dg.MetadataValue.text(", ".join(done.upper)),
    }
