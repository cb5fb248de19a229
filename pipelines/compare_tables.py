"""The job `compare_tables` and its checks `same_as_old`: every row of the new tables against what the old ones say now.

Reads both sides through the one path that writes, and writes nothing: a wrong row and a wrong transformation both
show. One check a table, one step a component; the checks can be executed one by one in the UI.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from assets.checks import COMPARE_JOB, SAME_AS_OLD
from assets.component import Component
from assets.keys import new_key, safe
from assets.progress import SECONDS_BETWEEN_LINES, Progress
from assets.watched import watched
from changeover.ledger.ranges import KeyRange, ranges_of
from changeover.mapping import Registry
from changeover.project import Project
from changeover.transfer import RangeCompared, compare
from resources import at_end_of, open_project, resource_keys

JOB = COMPARE_JOB
KEYS_SHOWN = 10


@dataclass
class _Table:
    old: int = 0
    same: int = 0
    different: int = 0
    missing: int = 0
    extra: int = 0
    rejected: int = 0
    ranges: int = 0
    keys: list[str] = field(default_factory=list[str])

    def add(self, found: RangeCompared) -> None:
        for name in ("old", "same", "different", "missing", "extra", "rejected"):
            setattr(self, name, getattr(self, name) + getattr(found, name))
        self.ranges += 1
        self.keys.extend(found.keys)


def comparison(component: Component, registry: Registry) -> dg.AssetChecksDefinition:
    """The checks of a component's tables, evaluated by one step."""
    specs = [
        dg.AssetCheckSpec(
            SAME_AS_OLD,
            asset=new_key(target),
            description="Every row of the new table equals what its old rows say now, value by value; none is missing, "
            "none is left over. Rejected rows can't be compared: they are a warning.",
        )
        for target in component.targets
    ]

    @dg.multi_asset_check(
        name=f"compare_{safe(component.name)}",
        specs=specs,
        required_resource_keys=resource_keys(registry.needed(component.targets)),
        pool=f"old_{safe(component.mappings[0].database)}",
    )
    def compare_component(context: dg.AssetCheckExecutionContext) -> Iterator[Any]:
        tables = {target: _Table() for target in component.targets}
        planned = 0
        with open_project(context.resources, registry.needed(component.targets)) as project:
            for root in component.roots:
                ranges = _ranges(project, root)
                planned += len(ranges)
                for found in _compared(context, project, root, ranges):
                    tables[found.target].add(found)
        for target, table in tables.items():
            yield _result(target, table, planned)

    return compare_component


def compare_tables(comparisons: Sequence[dg.AssetChecksDefinition]) -> Any:
    """The job that evaluates all of them."""
    return dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.checks(*comparisons),
        description="Compare every migrated row with what the old databases say now. Writes nothing.",
    )


def _ranges(project: Project, root: str) -> list[KeyRange]:
    with project.reading() as connection:
        return ranges_of(connection, root)


def _compared(
    context: dg.AssetCheckExecutionContext, project: Project, root: str, ranges: list[KeyRange]
) -> Iterator[RangeCompared]:
    progress = Progress(root, len(ranges), sum(found.rows_planned for found in ranges), context.log.info)

    def work(stop: threading.Event) -> Iterator[RangeCompared]:
        return compare(project, root, on_chunk=lambda _, rows: progress.chunk(rows), stop=stop)

    for found in watched(work, progress.line, SECONDS_BETWEEN_LINES, at_end_of(context.resources)):
        progress.range_done()
        yield found


def _result(target: str, table: _Table, planned: int) -> dg.AssetCheckResult:
    wrong = table.different + table.missing + table.extra
    counts = {
        name: getattr(table, name)
        for name in ("old", "same", "different", "missing", "extra", "rejected", "ranges")
    }
    return dg.AssetCheckResult(
        check_name=SAME_AS_OLD,
        asset_key=new_key(target),
        passed=planned > 0 and not wrong and not table.rejected,
        severity=dg.AssetCheckSeverity.ERROR if wrong or not planned else dg.AssetCheckSeverity.WARN,
        description=_text(table, planned),
        metadata={**counts, **({"root_keys": table.keys[:KEYS_SHOWN]} if table.keys else {})},
    )


def _text(table: _Table, planned: int) -> str:
    if not planned:
        return "Nothing was compared: the table is not planned yet."
    found = f"{table.same:,} of {table.old:,} rows are the same"
    wrong = [
        f"{number:,} {word}"
        for number, word in (
            (table.different, "differ"),
            (table.missing, "are missing"),
            (table.extra, "are left over"),
            (table.rejected, "are rejected"),
        )
        if number
    ]
    return ", ".join([found, *wrong]) + "."
