"""What became of a table's rows while they were copied, as its checks `no_rejects` and `rows_accounted_for`. From the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import dagster as dg

from assets.checks import NO_REJECTS, ROWS_ACCOUNTED_FOR
from assets.component import Component
from assets.keys import new_key
from assets.partitions import Partitions
from changeover.ledger.ranges import KeyRange, ranges_of
from changeover.ledger.rejects import RejectRow, open_by_range, open_count, open_rejects
from changeover.project import Project
from changeover.wording import number, verb

REJECTS_SHOWN = 10
PARTITIONS_SHOWN = 20
"""In a check's metadata. The ledger has all of them."""
NEWER = "(newer than the last partition)"


def accounts(project: Project, component: Component) -> Iterator[dg.AssetCheckEvaluation]:
    """How the component's tables stand, each as a whole."""
    with project.reading() as connection:
        ranges = {root: ranges_of(connection, root) for root in component.roots}
    for target in component.targets:
        yield _no_rejects(project, component, target, ranges)
        yield _accounted_for(component, target, ranges)


def _no_rejects(
    project: Project, component: Component, target: str, ranges: dict[str, list[KeyRange]]
) -> dg.AssetCheckEvaluation:
    rows, waiting = 0, 0
    shares: Counter[str] = Counter()
    sample: list[RejectRow] = []
    for root in component.roots:
        names = {found.no: Partitions(component.roots).key(root, found.name) for found in ranges[root]}
        for bound in (b for b in project.move(root).bounds if b.mapping.target == target):
            with project.reading() as connection:
                rows += open_count(connection, bound.id)
                waiting += open_count(connection, bound.id, kind="waiting")
                for no, number in open_by_range(connection, bound.id).items():
                    shares[NEWER if no is None else names.get(no, str(no))] += number
                name = bound.mapping.name
                sample += open_rejects(connection, mapping_name=name, limit=REJECTS_SHOWN)
    metadata: dict[str, dg.MetadataValue] = {
        "rejected": dg.MetadataValue.int(rows),
        "waiting_for_parents": dg.MetadataValue.int(waiting),
        "partitions_with_rejects": dg.MetadataValue.int(len(shares)),
    }
    if rows:
        metadata["by_partition"] = _table(
            [(name, str(n)) for name, n in shares.most_common(PARTITIONS_SHOWN)]
        )
        metadata["sample"] = _sample(sample[:REJECTS_SHOWN])
    return dg.AssetCheckEvaluation(
        asset_key=new_key(target),
        check_name=NO_REJECTS,
        passed=rows == 0,
        description=_rejects_text(rows, waiting, len(shares), target),
        metadata=metadata,
    )


def _accounted_for(
    component: Component, target: str, ranges: dict[str, list[KeyRange]]
) -> dg.AssetCheckEvaluation:
    """Of the partitions that are copied. Rows are counted over all tables that an old table is split into."""
    partitions = Partitions(component.roots)
    done = [
        found
        for mapping in component.mappings
        if mapping.target == target
        for found in ranges[mapping.root_name]
        if found.status == "done"
    ]
    wrong = [found for found in done if not _adds_up(found)]
    uncounted = [found for found in done if found.due is None]
    metadata: dict[str, dg.MetadataValue] = {
        "rows_read": dg.MetadataValue.int(sum(found.rows_read for found in done)),
        "accounted_for": dg.MetadataValue.int(sum(found.accounted for found in done)),
        "due": dg.MetadataValue.int(sum(_due(found) for found in done)),
        "partitions": dg.MetadataValue.int(len(done)),
    }
    if wrong:
        shares = [
            (partitions.key(found.root, found.name), f"{found.accounted:,} of {_due(found):,}")
            for found in wrong
        ]
        metadata["by_partition"] = _table(shares[:PARTITIONS_SHOWN])
    return dg.AssetCheckEvaluation(
        asset_key=new_key(target),
        check_name=ROWS_ACCOUNTED_FOR,
        passed=not wrong,
        description=_accounted_text(done, wrong, uncounted),
        metadata=metadata,
    )


def _due(found: KeyRange) -> int:
    return found.rows_read if found.due is None else found.due


def _adds_up(found: KeyRange) -> bool:
    # Of a range that was copied before rows were counted as due, no more can be said than that none is missing.
    return found.accounted == found.due if found.due is not None else found.accounted >= found.rows_read


def _rejects_text(rows: int, waiting: int, partitions: int, target: str) -> str:
    if not rows:
        return "No row of the table is rejected."
    places = number(partitions, "partition")
    waits = (
        f", {waiting:,} of them since {verb(waiting, 'it waits', 'they wait')} for a parent"
        if waiting
        else ""
    )
    return (
        f"{number(rows, 'row of the table is', 'rows of the table are')} rejected, in {places}{waits}: "
        f"`changeover rejects {target}` lists {verb(rows, 'it with its', 'them with their')} values."
    )


def _accounted_text(done: list[KeyRange], wrong: list[KeyRange], uncounted: list[KeyRange]) -> str:
    if not done:
        return "No partition is copied yet."
    written, unchanged, rejected = (
        sum(getattr(found, name) for found in done) for name in ("written", "unchanged", "rejected")
    )
    due = sum(_due(found) for found in done)
    found = f"{written:,} written, {unchanged:,} found right, {rejected:,} rejected"
    same = (
        f"should be {number(due, 'row')} due; {number(len(wrong), 'partition does', 'partitions do')} not add up"
        if wrong
        else f"are {number(due, 'row')} due"
    )
    old = (
        f" {number(len(uncounted), 'partition was', 'partitions were')} copied before the exact sum was kept: "
        f"materialize {verb(len(uncounted), 'it', 'them')} again for it."
        if uncounted
        else ""
    )
    return f"{number(sum(f.rows_read for f in done), 'row')} read: {found}: {same}.{old}"


def _table(shares: list[tuple[str, str]]) -> dg.MetadataValue:
    return dg.MetadataValue.table(
        records=[dg.TableRecord({"partition": name, "rows": rows}) for name, rows in shares],
        schema=dg.TableSchema(columns=[dg.TableColumn(name, "string") for name in ("partition", "rows")]),
    )


def _sample(rejects: list[RejectRow]) -> dg.MetadataValue:
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
