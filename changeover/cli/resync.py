"""``changeover resync``: mend what verification found."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import typer

from changeover.cli import options, output
from changeover.cli.opening import one_root, open_project, open_registry, selected
from changeover.cli.outcome import Code, end
from changeover.cli.stopping import Stopping
from changeover.drift.resync import Resynced
from changeover.drift.resync import resync as mend
from changeover.errors import Interrupted
from changeover.ledger.ranges import range_named
from changeover.project import Project

SHOWN = 20
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
    done: list[Resynced] = []
    stopped = False
    with open_project(registry, chosen, mappings) as project, Stopping("rows") as stopping:
        numbers = _numbers(project, root, ranges) if ranges else None
        try:
            for one in chosen.roots:
                done += mend(project, one, numbers, dry_run=dry_run, stop=stopping.event)
        except Interrupted:
            stopped = True
    clean = all(one.action == "nothing" or (one.mended and not dry_run) for one in done)
    code = Code.INTERRUPTED if stopped else Code.OK if clean else Code.FINDINGS
    if json:
        output.document(_document(done, code, dry_run=dry_run))
    else:
        _show(done, dry_run=dry_run)
    end(code)


def _numbers(project: Project, root: str, names: list[str]) -> list[int]:
    with project.reading() as connection:
        return [range_named(connection, root, name.removeprefix(f"{root}:")).no for name in names]


def _document(done: list[Resynced], code: Code, *, dry_run: bool) -> dict[str, Any]:
    return {
        "command": "resync",
        "ok": code is Code.OK,
        "interrupted": code is Code.INTERRUPTED,
        "dry_run": dry_run,
        "found": len(done),
        "mended": sum(one.mended for one in done),
        "rows": done,
    }


def _show(done: list[Resynced], *, dry_run: bool) -> None:
    if not done:
        output.answer("no drift is open: `changeover verify` looks for it")
        return
    for one in [one for one in done if dry_run or not one.mended][:SHOWN]:
        columns = f" in {', '.join(one.columns)}" if one.columns else ""
        what = "still differs" if not dry_run and one.action not in ("leave", "wait") else _WORDS[one.action]
        output.answer(f"{one.target}: root {one.key} {one.kind}{columns}: {what}")
    targets = Counter(one.target for one in done)
    rows = [
        (
            target,
            output.count(count),
            *(
                output.count(sum(one.target == target and one.action == action for one in done))
                for action in ("insert", "update", "delete", "leave", "wait", "nothing")
            ),
            output.count(sum(one.target == target and one.mended for one in done)),
        )
        for target, count in targets.items()
    ]
    columns = ("table", "found", "insert", "update", "delete", "left", "under way", "right by now", "mended")
    output.table("", columns, rows, numbers=columns[1:])
