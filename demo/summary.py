"""What the demo ends with: old and new, table by table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from rich.table import Table
from rich.text import Text

from changeover.binding import Bound
from changeover.cli.output import count, duration
from changeover.ledger.status import TableStatus
from changeover.ledger.tables import id_map
from changeover.project import Project
from demo.comparison import Compared

WIDE = 140
"""Columns that the whole summary needs, with tables of up to 99 million rows."""


@dataclass(frozen=True)
class TableResult:
    """One new table. ``old`` counts the rows of its old tables, ``wanted`` those that the mappings move.

    ``extra`` rows are in the new table without an old row that leads to them. ``seconds`` is the time spent on
    chunks; tables that are made of one old table share it.
    """

    target: str
    old: int
    wanted: int
    new: int
    same: int
    different: int
    missing: int
    extra: int
    rejected: int
    seconds: float
    rate: float
    finished: bool

    @property
    def ok(self) -> bool:
        """All of it was moved, compared and found equal."""
        wrong = self.different + self.missing + self.extra + self.rejected
        return self.finished and self.wanted > 0 and self.same == self.wanted and not wrong

    @property
    def shared(self) -> int:
        """How many rows of the old side lead to a row that another one leads to as well: people in both databases."""
        return max(0, self.same + self.different - (self.new - self.extra))


def summarise(
    project: Project, compared: Sequence[Compared], status: Sequence[TableStatus]
) -> list[TableResult]:
    """One result for each new table, parents first, from what was compared of each mapping and the ledger's status."""
    bounds: dict[str, list[Bound]] = {}
    for move in project.moves.values():
        for bound in move.bounds:
            bounds.setdefault(bound.mapping.target, []).append(bound)
    with project.reading() as connection:
        return [
            _result(connection, target, own, compared, status, _old_rows(project, own))
            for target, own in bounds.items()
        ]


def _old_rows(project: Project, bounds: Sequence[Bound]) -> int:
    roots = {bound.mapping.root_name: bound for bound in bounds}
    found = 0
    for bound in roots.values():
        schema = project.old[bound.mapping.database]
        with schema.engine.connect() as connection:
            query = sa.text(f"SELECT COUNT(*) FROM {schema.dialect.table(bound.old.table)}")
            found += int(connection.execute(query).scalar_one())
    return found


def _result(
    connection: sa.Connection,
    target: str,
    bounds: Sequence[Bound],
    compared: Sequence[Compared],
    status: Sequence[TableStatus],
    old: int,
) -> TableResult:
    roots = [s for s in status if s.root in {b.mapping.root_name for b in bounds}]
    mine = [c for c in compared if c.target == target]
    table = bounds[0].dialect.table(bounds[0].new.table)
    new = int(connection.execute(sa.text(f"SELECT COUNT(*) FROM {table}")).scalar_one())
    same, different = sum(c.same for c in mine), sum(c.different for c in mine)
    found = _linked(connection, bounds) if bounds[0].identity == "assigned" else same + different
    seconds = sum(s.rows_read / s.rate for s in roots if s.rate)
    return TableResult(
        target=target,
        old=old,
        wanted=sum(c.old for c in mine),
        new=new,
        same=same,
        different=different,
        missing=sum(c.missing for c in mine),
        extra=max(sum(c.extra for c in mine), new - found),
        rejected=sum(c.rejected for c in mine),
        seconds=seconds,
        rate=sum(s.rows_read for s in roots) / seconds if seconds else 0.0,
        finished=all(_is_copied(s) for s in roots) and all(c.whole for c in mine),
    )


def _is_copied(status: TableStatus) -> bool:
    """Done, but for images, which are told of by themselves: some of the sample's are broken."""
    if status.state == "rejects":
        return not (status.rejected_open or status.ranges_stale or status.unknown)
    return status.state in ("done", "images")


def _linked(connection: sa.Connection, bounds: Sequence[Bound]) -> int:
    """Rows that an old row leads to, where two old rows may lead to one."""
    key = bounds[0].identity_columns[0]
    target = sa.table(bounds[0].new.table.name, sa.column(key), schema=bounds[0].new.table.schema)
    linked = sa.select(id_map.c.target_id).where(id_map.c.mapping_id.in_([b.id for b in bounds]))
    query = sa.select(sa.func.count()).select_from(target).where(target.c[key].in_(linked))
    return int(connection.execute(query).scalar_one())


def table_of(results: Sequence[TableResult], width: int) -> Table:
    """The summary as it is printed on a terminal of ``width`` columns: what is wrong is one number where it is narrow."""
    narrow = width < WIDE
    made = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    made.add_column("new table", no_wrap=True)
    wrong_titles = ("wrong",) if narrow else ("differ", "missing", "extra", "rejected")
    for title in ("old rows", "to move", "new rows", "same", *wrong_titles):
        made.add_column(title, justify="right", no_wrap=True)
    if not narrow:
        made.add_column("time", justify="right", no_wrap=True)
        made.add_column("rows/s", justify="right", no_wrap=True)
    made.add_column("")
    for result in results:
        numbers = (result.old, result.wanted, result.new, result.same)
        kinds = (result.different, result.missing, result.extra, result.rejected)
        wrong = (sum(kinds),) if narrow else kinds
        made.add_row(
            result.target,
            *map(count, numbers),
            *(Text(count(number), style="bold red" if number else "dim") for number in wrong),
            *(() if narrow else (duration(result.seconds), count(result.rate))),
            Text("ok", style="green") if result.ok else Text("WRONG", style="bold red"),
        )
    return made


def words_of(results: Sequence[TableResult], seconds: float, left: str = "") -> list[str]:
    """What the table doesn't say by itself.

    Parameters: ``seconds`` from the demo's start to here; ``left`` is what live sync did not apply, in words.
    """
    shared = [
        f"{result.target}: {count(result.shared)} rows are made of rows of two old databases"
        for result in results
        if result.shared
    ]
    wrong = [result.target for result in results if not result.ok]
    moved = sum(result.wanted for result in results)
    verdict = (
        f"NOT all was moved and equal: {', '.join((*wrong, *([left] if left else [])))}"
        if wrong or left
        else f"{count(moved)} rows of {len(results)} tables were moved, compared value by value, and are the same"
    )
    return [*shared, f"{verdict} ({duration(seconds)} in all)"]
