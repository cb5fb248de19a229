"""What a pass of verification looked at, how, when, and what came of it: the ledger put together for a person to sign."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from changeover.binding import Bound
from changeover.dialects import shown
from changeover.drift.fields import not_pushed_down
from changeover.ledger import drift as ledger_drift
from changeover.ledger import verified as ledger_verified
from changeover.ledger.clock import now
from changeover.ledger.drift import MORE, Finding
from changeover.ledger.ranges import KeyRange, ranges_of, whole_table
from changeover.ledger.verified import Depth, Pass, Verified
from changeover.ledger.whole import WHOLE, WHOLE_TABLE
from changeover.project import Project
from changeover.transfer import unrooted

LOOKED_FOR = "looked for"
SAMPLE = 100
"""Findings of a table that a report names one by one. The ledger has all of them."""


@dataclass(frozen=True)
class Difference:
    """A finding, as shown: keys and columns, no values."""

    range: str
    key: str
    kind: str
    columns: tuple[str, ...]
    state: str
    first_seen: datetime
    closed_at: datetime | None


@dataclass(frozen=True)
class TableReport:
    """What is known of one mapping's rows in the ranges asked for.

    ``compared`` rows are those that the old side says there should be, less the ``rejected`` and ``hot`` ones, which were not
    compared; ``by_value`` of them were compared value by value. ``columns`` counts findings by column. ``not_verified`` ranges were
    not looked at by this pass: for each, why. ``without_root`` says whether rows that no root ever led to were looked for.
    """

    root: str
    mapping: str
    target: str
    how: str
    without_root: str
    ranges: int
    ranges_verified: int
    not_verified: Mapping[str, str]
    compared: int
    by_value: int
    rejected: int
    hot: int
    missing: int
    extra: int
    different: int
    open: int
    mended: int
    columns: Mapping[str, int]
    differences: tuple[Difference, ...]
    seconds: float
    started_at: datetime | None
    finished_at: datetime | None
    errors: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """All that was asked for was looked at, every row was compared, and nothing differs by now."""
        well = not (self.not_verified or self.rejected or self.hot or self.open or self.errors)
        return well and (self.ranges > 0 or self.without_root == LOOKED_FOR)


@dataclass(frozen=True)
class Report:
    """A pass. Made from the ledger: a pass that was interrupted and gone on with is one."""

    verification: int
    depth: Depth
    old: Mapping[str, str]
    new: str
    started_at: datetime
    made_at: datetime
    sampled: bool
    tables: tuple[TableReport, ...]

    @property
    def equal(self) -> bool:
        """Nothing that was to be compared differs, or was left out."""
        return all(table.equal for table in self.tables)


def report(
    project: Project, one: Pass, chosen: Mapping[str, Sequence[KeyRange] | None], *, sampled: bool
) -> Report:
    """What the pass found, by root and mapping.

    Parameters: ``chosen`` are the roots and the ranges of each that were asked for; None means all.
    """
    tables: list[TableReport] = []
    for root, ranges in chosen.items():
        move = project.move(root)
        with project.reading() as connection:
            known = [*ranges_of(connection, root), whole_table(root)] if ranges is None else list(ranges)
            for bound in move.bounds:
                looked = {v.range_no: v for v in ledger_verified.verified(connection, [bound.id])}
                findings = ledger_drift.findings(
                    connection, mapping_id=bound.id, states=("open", "mended"), limit=100_000, more=True
                )
                table = ranges is None or any(r.no == WHOLE for r in ranges)
                unasked = "" if table else "only some ranges were asked for"
                why = unrooted.why_not(project, bound) or unasked
                tables.append(_table(bound, root, move.fingerprint, known, looked, findings, one, why))
    return Report(
        verification=one.id,
        depth=one.depth,
        old={name: shown(schema.engine.url) for name, schema in project.old.items()},
        new=shown(project.new.engine.url),
        started_at=one.started_at,
        made_at=now(),
        sampled=sampled,
        tables=tuple(tables),
    )


def _table(
    bound: Bound,
    root: str,
    fingerprint: str,
    ranges: Sequence[KeyRange],
    looked: Mapping[int, Verified],
    findings: Sequence[Finding],
    one: Pass,
    why_not: str,
) -> TableReport:
    ranges = [found for found in ranges if found.no != WHOLE]
    names = {found.no: found.name for found in ranges} | ({} if why_not else {WHOLE: WHOLE_TABLE})
    mine = [v for v in looked.values() if v.range_no in names and v.is_of(one)]
    again = {v.range_no for v in mine if v.result == "copied"}
    seen = {v.range_no for v in mine} - again
    not_verified = {r.name: _why(r, fingerprint, again=r.no in again) for r in ranges if r.no not in seen}
    if not why_not and WHOLE not in seen:
        not_verified[WHOLE_TABLE] = "rows without a root are looked for when all ranges are copied"
    told = [f for f in findings if f.range_no in names]
    open_ = [f for f in told if f.state == "open"]
    return TableReport(
        root=root,
        mapping=bound.mapping.name,
        target=bound.mapping.target,
        how=_how(bound, one.depth),
        without_root=f"not looked for: {why_not}" if why_not else LOOKED_FOR,
        ranges=len(ranges),
        ranges_verified=len(seen - {WHOLE}),
        not_verified=not_verified,
        compared=sum(v.compared for v in mine),
        by_value=sum(v.by_value for v in mine),
        rejected=sum(v.rejected for v in mine),
        hot=sum(v.hot for v in mine),
        missing=sum(v.missing for v in mine),
        extra=sum(v.extra for v in mine),
        different=sum(v.different for v in mine),
        open=sum(f.rows for f in open_),
        mended=sum(f.rows for f in told if f.state != "open"),
        columns=dict(Counter(column for f in open_ if f.kind != MORE for column in f.columns)),
        differences=tuple(
            Difference(names[f.range_no], f.shown, f.kind, f.columns, f.state, f.first_seen, f.closed_at)
            for f in [f for f in [*open_, *(f for f in told if f.state != "open")] if f.kind != MORE][:SAMPLE]
        ),
        seconds=sum(v.seconds for v in mine),
        started_at=min((v.started_at for v in mine), default=None),
        finished_at=max((v.finished_at for v in mine), default=None),
        errors=tuple(v.error for v in mine if v.error),
    )


def _how(bound: Bound, depth: Depth) -> str:
    if depth == "values":
        return "value by value"
    why = not_pushed_down(bound)
    return (
        f"value by value: {why}"
        if why
        else "checksums after the mapping; rows of unequal sums value by value"
    )


def _why(found: KeyRange, fingerprint: str, *, again: bool) -> str:
    if found.status != "done":
        return f"not copied yet ({found.status})"
    if found.fingerprint != fingerprint:
        return "copied by another version of the mapping: run `changeover backfill`"
    return "copied again meanwhile: run `changeover verify` again" if again else "not reached"
