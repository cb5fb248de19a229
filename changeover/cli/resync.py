"""``changeover resync``: mend what verification found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from changeover.cli import options, output
from changeover.cli.opening import one_root, open_project, open_registry, selected
from changeover.cli.outcome import Code, end
from changeover.cli.stopping import Stopping
from changeover.drift.resync import Resynced
from changeover.drift.resync import resync as mend
from changeover.errors import Interrupted
from changeover.ledger.ranges import part_named
from changeover.project import Project

SHOWN = 20
MOST_ROWS = 10_000
"""In a document."""
_WORDS = {
    "insert": "to be inserted",
    "update": "to be updated",
    "delete": "to be deleted",
    "leave": "left: no root explains it, and others may write the table",
    "wait": "a change of it is under way",
    "nothing": "right by now",
}


def resync(
    tables: options.Tables = None,
    table: options.MoreTables = None,
    ranges: options.Ranges = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what would be changed, as the rows are now; change nothing."),
    ] = False,
    mappings: options.Mappings = None,
    json: options.Json = False,
    _debug: options.Debug = False,
) -> None:
    """Mend exactly the rows that `changeover verify` found drifted, each as it is by now, and look at them again.

    A row that no root explains is deleted only where its mapping says exclusive=True: nobody else writes the table.

    Exits with 0 only if nothing that was found still differs; for a dry run, if nothing would be changed.

    Examples:

      changeover resync --dry-run
      changeover resync coupon
      changeover resync shop.tb_coupon --range 0000000001-0000050000
    """
    registry = open_registry(mappings)
    chosen = selected(registry, tables, table)
    root = one_root(chosen, "--range") if ranges else ""
    done, stopped = _Done(dry_run), False
    with open_project(registry, chosen, mappings) as project, Stopping("rows") as stopping:
        numbers = _numbers(project, root, ranges) if ranges else None
        try:
            for one in chosen.roots:
                for row in mend(project, one, numbers, dry_run=dry_run, stop=stopping.event):
                    done.take(row)
        except Interrupted:
            stopped = True
    code = Code.INTERRUPTED if stopped else Code.OK if done.clean else Code.FINDINGS
    if json:
        output.document(_document(done, code))
    else:
        _show(done)
    end(code)


@dataclass
class _Done:
    """What became of the findings, however many: counts by table and action, and the first rows."""

    dry_run: bool
    actions: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    mended: Counter[str] = field(default_factory=Counter[str])
    rows: list[Resynced] = field(default_factory=list[Resynced])
    open: list[Resynced] = field(default_factory=list[Resynced])
    clean: bool = True

    @property
    def found(self) -> int:
        return sum(one.total() for one in self.actions.values())

    def take(self, one: Resynced) -> None:
        self.actions.setdefault(one.target, Counter())[one.action] += 1
        self.mended[one.target] += one.mended
        self.clean = self.clean and (one.action == "nothing" or (one.mended and not self.dry_run))
        if len(self.rows) < MOST_ROWS:
            self.rows.append(one)
        if (self.dry_run or not one.mended) and len(self.open) < SHOWN:
            self.open.append(one)


def _numbers(project: Project, root: str, names: list[str]) -> list[int]:
    with project.reading() as connection:
        return [part_named(connection, root, name.removeprefix(f"{root}:")).no for name in names]


def _document(done: _Done, code: Code) -> dict[str, Any]:
    return {
        "command": "resync",
        "ok": code is Code.OK,
        "interrupted": code is Code.INTERRUPTED,
        "dry_run": done.dry_run,
        "found": done.found,
        "mended": done.mended.total(),
        "rows": done.rows,
        "rows_left_out": done.found - len(done.rows),
    }


def _show(done: _Done) -> None:
    if not done.actions:
        output.answer("no drift is open: `changeover verify` looks for it")
        return
    for one in done.open:
        columns = f" in {', '.join(one.columns)}" if one.columns else ""
        what = (
            "still differs"
            if not done.dry_run and one.action not in ("leave", "wait")
            else _WORDS[one.action]
        )
        output.answer(f"{one.target}: root {one.key} {one.kind}{columns}: {what}")
    rows = [
        (
            target,
            output.count(counts.total()),
            *(
                output.count(counts[action])
                for action in ("insert", "update", "delete", "leave", "wait", "nothing")
            ),
            output.count(done.mended[target]),
        )
        for target, counts in done.actions.items()
    ]
    columns = ("table", "found", "insert", "update", "delete", "left", "under way", "right by now", "mended")
    output.table("", columns, rows, numbers=columns[1:])
