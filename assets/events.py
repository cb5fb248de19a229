"""What a copied range is told to Dagster as: materializations of its partition, and evaluations of its checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import dagster as dg

from assets.checks import NO_REJECTS, ROWS_ACCOUNTED_FOR, partition_evaluation
from assets.columns import column_schema
from assets.component import Component
from assets.keys import new_key
from assets.partitions import Partitions
from changeover.ledger.ranges import KeyRange
from changeover.ledger.rejects import RejectRow
from changeover.schema import TableShape

REJECTS_SHOWN = 10
"""In a check's metadata. The ledger has all of them."""


@dataclass(frozen=True)
class Rejected:
    """Open rejects of one target in one range: how many rows, and the first of them."""

    rows: int
    sample: tuple[RejectRow, ...]


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


def evaluations(
    component: Component, done: KeyRange, rejected: Mapping[str, Rejected]
) -> Iterator[dg.AssetCheckEvaluation]:
    """The evaluations of a range's checks, for each target. ``rejected`` is by target."""
    partition = _partition(component, done)
    for target in component.targets:
        mine = rejected.get(target, Rejected(0, ()))
        yield partition_evaluation(
            new_key(target),
            NO_REJECTS,
            partition,
            passed=mine.rows == 0,
            description=_rejects_text(mine.rows, target),
            metadata={
                "rejected": dg.MetadataValue.int(mine.rows),
                **({"sample": _sample(mine.sample)} if mine.sample else {}),
            },
        )
        yield partition_evaluation(
            new_key(target),
            ROWS_ACCOUNTED_FOR,
            partition,
            # Of a range that was copied before rows were counted as due, no more can be said than that none is missing.
            passed=done.accounted == done.due if done.due is not None else done.accounted >= done.rows_read,
            description=_accounted_text(done),
            metadata={
                "rows_read": dg.MetadataValue.int(done.rows_read),
                "accounted_for": dg.MetadataValue.int(done.accounted),
                **({} if done.due is None else {"due": dg.MetadataValue.int(done.due)}),
            },
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


def _accounted_text(done: KeyRange) -> str:
    found = f"{done.written:,} written, {done.unchanged:,} found right, {done.rejected:,} rejected"
    if done.due is None:
        return f"{done.rows_read:,} rows read; {found}. Copied before the exact sum was kept: materialize again for it."
    same = "are" if done.accounted == done.due else "should be"
    return f"{done.rows_read:,} rows read; {found}: {same} {done.due:,} rows due."


def _rejects_text(rows: int, target: str) -> str:
    if rows == 0:
        return "No row is rejected."
    return f"{rows:,} rows are rejected: `changeover rejects {target}` lists them with their values."


def _sample(rejects: tuple[RejectRow, ...]) -> dg.MetadataValue:
    """Without values: they may be personal data, and the UI has no login."""
    return dg.MetadataValue.table(
        records=[
            dg.TableRecord({"key": r.root_key, "column": r.column, "kind": r.kind, "reason": r.reason})
            for r in rejects
        ],
        schema=dg.TableSchema(
            columns=[dg.TableColumn(name, "string") for name in ("key", "column", "kind", "reason")]
        ),
    )
