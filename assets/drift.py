"""What verification has found of a table, as its checks and their metadata. The ledger knows it; this only tells it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import dagster as dg

from assets.checks import ALL_VERIFIED, NO_DRIFT
from assets.component import Component
from assets.keys import new_key
from changeover.binding import Bound, Move
from changeover.drift.values import side_by_side
from changeover.ledger.drift import Counted, Finding, counted, findings
from changeover.ledger.ranges import WHOLE, WHOLE_TABLE, KeyRange, ranges_of
from changeover.ledger.rejects import open_count
from changeover.ledger.verified import Verified, verified
from changeover.project import Project
from changeover.transfer.unrooted import why_not

SAMPLE = 20
"""Findings in a check's metadata. The ledger has all of them."""
PARTITIONS_NAMED = 10

DESCRIPTIONS = {
    NO_DRIFT: "No row that verification looked at differs from what its old row says, and none is rejected.",
    ALL_VERIFIED: "Every partition is copied and was verified, by the mapping as it is now; none failed.",
}


def check_specs(component: Component) -> list[dg.AssetCheckSpec]:
    """The checks of a component's tables."""
    return [
        dg.AssetCheckSpec(name, asset=new_key(target), description=text)
        for target in component.targets
        for name, text in DESCRIPTIONS.items()
    ]


def evaluations(
    project: Project, component: Component, *, values: bool = False
) -> Iterator[dg.AssetCheckEvaluation]:
    """How all of the component's tables stand.

    Parameters: ``values`` shows what both sides say in a sample of differences; without it there are keys and columns.
    """
    for target in component.targets:
        parts = [
            _part(project, project.move(root), bound)
            for root in component.roots
            for bound in project.move(root).bounds
            if bound.mapping.target == target
        ]
        yield _no_drift(project, target, parts, values=values)
        yield _all_verified(target, parts)


@dataclass(frozen=True)
class _Part:
    """What one mapping brings into a table."""

    move: Move
    bound: Bound
    ranges: Sequence[KeyRange]
    looked: Sequence[Verified]
    open: Sequence[Counted]
    sample: Sequence[Finding]
    rejected: int
    whole: bool
    """Rows that no root leads to are looked for."""


def _part(project: Project, move: Move, bound: Bound) -> _Part:
    with project.reading() as connection:
        return _Part(
            move,
            bound,
            ranges_of(connection, move.root),
            verified(connection, [bound.id]),
            counted(connection, bound.id),
            findings(connection, mapping_id=bound.id, limit=SAMPLE),
            open_count(connection, bound.id),
            not why_not(project, bound),
        )


def _no_drift(
    project: Project, target: str, parts: Sequence[_Part], *, values: bool
) -> dg.AssetCheckEvaluation:
    found = [one for part in parts for one in part.open]
    looked = [one for part in parts for one in part.looked]
    rejected = sum(part.rejected for part in parts)
    drifted = sum(one.rows for one in found)
    kinds, columns = Counter[str](), Counter[str]()
    for one in found:
        kinds[one.kind] += one.rows
        columns.update(dict.fromkeys(one.columns, one.rows))
    metadata: dict[str, dg.MetadataValue] = {
        "drifted": dg.MetadataValue.int(drifted),
        **{kind: dg.MetadataValue.int(kinds[kind]) for kind in ("missing", "extra", "different")},
        "rejected": dg.MetadataValue.int(rejected),
        "hot": dg.MetadataValue.int(sum(one.hot for one in looked)),
        "rows_compared": dg.MetadataValue.int(sum(one.compared for one in looked)),
        "partitions": dg.MetadataValue.int(len({(id(p), one.range_no) for p in parts for one in p.open})),
    }
    if columns:
        metadata["columns"] = dg.MetadataValue.json(dict(columns.most_common()))
    if found:
        metadata["sample"] = _sample(parts)
    if values and found:
        metadata["values"] = _values(project, parts)
    return dg.AssetCheckEvaluation(
        asset_key=new_key(target),
        check_name=NO_DRIFT,
        passed=bool(looked) and not found and not rejected,
        severity=dg.AssetCheckSeverity.ERROR if found else dg.AssetCheckSeverity.WARN,
        description=_text(target, drifted, rejected, bool(looked)),
        metadata=metadata,
    )


def _text(target: str, drifted: int, rejected: int, looked: bool) -> str:
    if not looked:
        return "Nothing is verified yet: run the job verify_tables."
    parts = [f"{drifted:,} rows drifted: `changeover resync {target} --dry-run` says what would be mended."]
    if rejected:
        parts.append(f"{rejected:,} rows are rejected: `changeover rejects {target}` says why.")
    return " ".join(parts if drifted else parts[1:]) or "No row drifted."


def _sample(parts: Sequence[_Part]) -> dg.MetadataValue:
    """Keys and columns. No values: they may be personal data, and the UI has no login."""
    names = {(id(part), r.no): r.name for part in parts for r in part.ranges}
    names.update({(id(part), WHOLE): WHOLE_TABLE for part in parts})
    records = [
        dg.TableRecord(
            {
                "partition": names.get((id(part), one.range_no), str(one.range_no)),
                "key": one.shown,
                "kind": one.kind,
                "columns": ", ".join(one.columns),
                "first_seen": one.first_seen.isoformat(" ", "seconds"),
            }
        )
        for part in parts
        for one in part.sample
    ]
    columns = ("partition", "key", "kind", "columns", "first_seen")
    return dg.MetadataValue.table(records[:SAMPLE], dg.TableSchema([dg.TableColumn(n) for n in columns]))


def _values(project: Project, parts: Sequence[_Part]) -> dg.MetadataValue:
    records = [
        dg.TableRecord(
            {
                "key": one.key,
                "column": one.column,
                "expected": "NULL" if one.expected is None else repr(one.expected),
                "found": "NULL" if one.found is None else repr(one.found),
            }
        )
        for part in parts
        for one in side_by_side(project, part.move, part.bound, part.sample)
    ]
    columns = ("key", "column", "expected", "found")
    return dg.MetadataValue.table(records[:SAMPLE], dg.TableSchema([dg.TableColumn(n) for n in columns]))


def _all_verified(target: str, parts: Sequence[_Part]) -> dg.AssetCheckEvaluation:
    failed: list[str] = []
    never: list[str] = []
    since = min((one.finished_at for part in parts for one in part.looked), default=None)
    total = 0
    for part in parts:
        looked = {one.range_no: one for one in part.looked if one.fingerprint == part.move.fingerprint}
        for one in part.ranges:
            total += 1
            if one.status == "failed" or (one.no in looked and looked[one.no].result == "failed"):
                failed.append(one.name)
            elif one.no not in looked or looked[one.no].result == "hot":
                never.append(one.name)
        if part.whole and WHOLE in looked and looked[WHOLE].result == "failed":
            failed.append(WHOLE_TABLE)
        elif part.whole and WHOLE not in looked:
            never.append(WHOLE_TABLE)
        total += part.whole
    metadata: dict[str, dg.MetadataValue] = {
        "partitions": dg.MetadataValue.int(total),
        "verified": dg.MetadataValue.int(total - len(failed) - len(never)),
        "failed": dg.MetadataValue.int(len(failed)),
        "never_verified": dg.MetadataValue.int(len(never)),
    }
    if since is not None:
        metadata["verified_since"] = dg.MetadataValue.text(f"{since.isoformat(' ', 'seconds')} UTC")
    if failed or never:
        metadata["partitions_named"] = dg.MetadataValue.json((failed + never)[:PARTITIONS_NAMED])
    return dg.AssetCheckEvaluation(
        asset_key=new_key(target),
        check_name=ALL_VERIFIED,
        passed=total > 0 and not failed and not never,
        severity=dg.AssetCheckSeverity.ERROR if failed else dg.AssetCheckSeverity.WARN,
        description=f"{len(failed):,} partitions failed and {len(never):,} were not verified, of {total:,}."
        if failed or never or not total
        else f"All {total:,} partitions are verified.",
        metadata=metadata,
    )
