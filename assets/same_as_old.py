"""Whether the new table is the same as the old one, as its check `same_as_old`. The ledger knows it; this only tells it.

Green is what was compared since it was copied, and found the same. A difference that was found is red. What nobody has looked at
since it was copied is neither: a warning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import dagster as dg

from assets.checks import SAME_AS_OLD, VERIFY_JOB
from assets.component import Component
from assets.keys import new_key
from changeover.binding import Bound, Move
from changeover.drift.values import side_by_side
from changeover.ledger.drift import Counted, Finding, counted, findings
from changeover.ledger.image_status import rows_waiting
from changeover.ledger.mappings import planned_roots
from changeover.ledger.ranges import KeyRange, ranges_of, whole_table
from changeover.ledger.rejects import open_count
from changeover.ledger.verified import Verified, verified
from changeover.ledger.whole import WHOLE, WHOLE_TABLE
from changeover.project import Project
from changeover.transfer.unrooted import why_not
from changeover.wording import number, verb

SAMPLE = 20
"""Findings in a check's metadata. The ledger has all of them."""
PARTITIONS_NAMED = 10


def same_as_old(
    project: Project, component: Component, *, values: bool = False
) -> Iterator[dg.AssetCheckEvaluation]:
    """How all of the component's tables stand.

    Parameters: ``values`` shows what both sides say in a sample of differences; without it there are keys and columns.
    """
    with project.reading() as connection:
        planned = planned_roots(connection)
    for target in component.targets:
        parts = [
            _part(project, project.move(root), bound)
            for root in component.roots
            for bound in project.move(root).bounds
            if bound.mapping.target == target
        ]
        stand = _stand(parts, unplanned=[p.move.root for p in parts if p.move.root not in planned])
        yield dg.AssetCheckEvaluation(
            asset_key=new_key(target),
            check_name=SAME_AS_OLD,
            passed=not stand.is_wrong and not stand.is_open,
            severity=dg.AssetCheckSeverity.ERROR if stand.is_wrong else dg.AssetCheckSeverity.WARN,
            description=_text(target, stand),
            metadata=_metadata(project, parts, stand, values=values),
        )


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
    old_urls: int
    """Rows that keep one, since its image was rejected."""
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
            sum(one.rejected for one in rows_waiting(connection, [bound.mapping.name]))
            if bound.images
            else 0,
            not why_not(project, bound),
        )


@dataclass
class _Stand:
    """How a table stands: rows, and names of partitions."""

    partitions: int = 0
    compared: int = 0
    drifted: int = 0
    kinds: Counter[str] = field(default_factory=Counter[str])
    columns: Counter[str] = field(default_factory=Counter[str])
    rejected: int = 0
    old_urls: int = 0
    stored_since: int = 0
    """Rows that were rejected when their partition was compared, and are not any more."""
    hot: int = 0
    failed: list[str] = field(default_factory=list[str])
    not_copied: list[str] = field(default_factory=list[str])
    not_compared: list[str] = field(default_factory=list[str])
    unplanned: Sequence[str] = ()
    since: datetime | None = None

    @property
    def is_wrong(self) -> bool:
        """Something differs, or could not be copied or compared."""
        return bool(self.drifted or self.failed)

    @property
    def is_open(self) -> bool:
        """Something is not compared."""
        rows = self.rejected + self.old_urls + self.stored_since + self.hot
        return bool(rows or self.not_copied or self.not_compared or self.unplanned)


def _stand(parts: Sequence[_Part], unplanned: Sequence[str]) -> _Stand:
    found = _Stand(
        unplanned=unplanned,
        rejected=sum(part.rejected for part in parts),
        old_urls=sum(part.old_urls for part in parts),
    )
    for part in parts:
        current = {
            one.range_no: one
            for one in part.looked
            if one.fingerprint == part.move.fingerprint and one.result != "copied"
        }
        ranges = [*part.ranges, *([whole_table(part.move.root)] if part.whole and part.ranges else [])]
        found.partitions += len(ranges)
        for one in ranges:
            look = current.get(one.no)
            if one.status == "failed" or (look and look.result == "failed"):
                found.failed.append(one.name)
            elif one.status != "done":
                found.not_copied.append(one.name)
            elif look is None:
                found.not_compared.append(one.name)
            else:
                found.compared += look.compared
                found.hot += look.hot
                found.since = min(look.finished_at, found.since or look.finished_at)
        found.stored_since += max(0, sum(one.rejected for one in current.values()) - part.rejected)
        for one in part.open:
            found.drifted += one.rows
            found.kinds[one.kind] += one.rows
            found.columns.update(dict.fromkeys(one.columns, one.rows))
    return found


def _text(target: str, stand: _Stand) -> str:
    """What is wrong first, then what is open."""
    if stand.unplanned and not stand.partitions:
        return "Not planned yet: launch the job `plan_tables`."
    said: list[str] = []
    if stand.drifted:
        kinds = ", ".join(f"{n:,} {kind}" for kind, n in sorted(stand.kinds.items()))
        said.append(
            f"{number(stand.drifted, 'row differs from its old one', 'rows differ from the old ones')} ({kinds}): "
            f"`changeover resync {target} --dry-run` says what would be mended."
        )
    if stand.failed:
        said.append(f"{len(stand.failed):,} of {number(stand.partitions, 'partition')} failed.")
    said += _rejected(target, stand)
    if stand.not_copied or stand.unplanned:
        said.append(f"{_of(len(stand.not_copied), stand.partitions)} not copied yet.")
    if stand.not_compared:
        which = (
            "Not compared"
            if len(stand.not_compared) == stand.partitions
            else f"{_of(len(stand.not_compared), stand.partitions)} not compared"
        )
        said.append(f"{which} since the copy: launch the job `{VERIFY_JOB}`.")
    if stand.hot or stand.stored_since:
        rows = stand.hot + stand.stored_since
        said.append(
            f"{number(rows, 'row')} changed while {verb(rows, 'it was', 'they were')} compared, or since: "
            f"launch the job `{VERIFY_JOB}`."
        )
    if said:
        return " ".join(said)
    if not stand.partitions:
        return "The old table had no rows when it was planned."
    same = number(stand.compared, "row is", "rows are")
    return f"{verb(stand.compared, 'The', 'All')} {same} the same as in the old database."


def _of(some: int, partitions: int) -> str:
    return f"{some:,} of {number(partitions, 'partition')} {verb(some, 'is', 'are')}"


def _rejected(target: str, stand: _Stand) -> Iterator[str]:
    if stand.rejected:
        rows = number(stand.rejected, "row is", "rows are")
        yield f"{rows} rejected, and not in the new table: `changeover rejects {target}` says why."
    if stand.old_urls:
        yield (
            f"{number(stand.old_urls, 'row keeps', 'rows keep')} an old URL, since its image was rejected: "
            f"`changeover images rejects {target}` says why."
        )


def _metadata(
    project: Project, parts: Sequence[_Part], stand: _Stand, *, values: bool
) -> dict[str, dg.MetadataValue]:
    numbers = {
        "rows_compared": stand.compared,
        "drifted": stand.drifted,
        **{kind: stand.kinds[kind] for kind in ("missing", "extra", "different")},
        "rejected": stand.rejected,
        "images_rejected": stand.old_urls,
        "hot": stand.hot,
        "partitions": stand.partitions,
        "partitions_failed": len(stand.failed),
        "partitions_not_copied": len(stand.not_copied),
        "partitions_not_compared": len(stand.not_compared),
    }
    found: dict[str, dg.MetadataValue] = {name: dg.MetadataValue.int(n) for name, n in numbers.items()}
    if stand.since is not None:
        found["compared_since"] = dg.MetadataValue.text(f"{stand.since.isoformat(' ', 'seconds')} UTC")
    if named := [*stand.failed, *stand.not_copied, *stand.not_compared][:PARTITIONS_NAMED]:
        found["partitions_named"] = dg.MetadataValue.json(named)
    if stand.columns:
        found["columns"] = dg.MetadataValue.json(dict(stand.columns.most_common()))
    if stand.drifted:
        found["sample"] = _sample(parts)
        if values:
            found["values"] = _values(project, parts)
    return found


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
