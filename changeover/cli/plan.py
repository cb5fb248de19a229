"""``changeover plan``: cut tables into key ranges."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Annotated

import typer

from changeover import planning
from changeover.check import refuse_errors
from changeover.cli import options, output
from changeover.cli.opening import open_project, open_registry, selected
from changeover.ledger.ranges import ranges_of
from changeover.project import Project


@dataclass(frozen=True)
class Planned:
    """What planning a root came to. ``rows`` are those of the ranges that were added."""

    root: str
    targets: tuple[str, ...]
    added: int
    rows: int
    ranges: int
    first: str | None
    last: str | None
    seconds: float


def plan(
    tables: options.Tables = None,
    table: options.MoreTables = None,
    rows: Annotated[
        int | None,
        typer.Option(
            "--rows", min=1, metavar="N", help="About how many rows a range gets; chosen when left out."
        ),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full-only", help="Leave out a tail that does not fill a range yet.")
    ] = False,
    unchecked: options.Unchecked = False,
    mappings: options.Mappings = None,
    json: options.Json = False,
    _debug: options.Debug = False,
) -> None:
    """Cut old tables into key ranges, the units that are copied, watched and repeated.

    Begins only if `changeover check` finds no error in the mappings, as far as schemas tell.
    Reads the key's index and nothing else, and writes to the ledger only. Ranges are appended: planning again adds
    those of rows that came after the last one, and changes none that are there.

    Examples:

      changeover plan                  every table
      changeover plan product          the roots of one new table
      changeover plan shop.tb_coupon --rows 100000
    """
    registry = open_registry(mappings)
    chosen = selected(registry, tables, table)
    with open_project(registry, chosen, mappings) as project:
        if not unchecked:
            refuse_errors(project, {m.name for m in chosen.mappings}, instead="--unchecked")
        planned = [plan_root(project, root, rows, partial_tail=not full) for root in chosen.roots]
    if json:
        output.document({"command": "plan", "ok": True, "tables": planned})
        return
    shown = [
        (
            p.root,
            ", ".join(p.targets),
            f"+{p.added}",
            output.count(p.ranges),
            output.count(p.rows),
            _seconds(p),
        )
        for p in planned
    ]
    output.table(
        "",
        ("root", "new tables", "added", "ranges", "rows added", "seconds"),
        shown,
        numbers=("added", "ranges", "rows added", "seconds"),
    )


def plan_root(
    project: Project,
    root: str,
    rows: int | None = None,
    *,
    partial_tail: bool = True,
    stop: threading.Event | None = None,
) -> Planned:
    """Append the ranges that a root lacks. Raises ChangeoverError for a root that can't be paged."""
    began = time.monotonic()
    added = planning.plan(project, root, rows_per_range=rows, partial_tail=partial_tail, stop=stop)
    with project.reading() as connection:
        ranges = ranges_of(connection, root)
    return Planned(
        root=root,
        targets=project.moves[root].targets,
        added=len(added),
        rows=sum(r.rows_planned for r in added),
        ranges=len(ranges),
        first=ranges[0].name if ranges else None,
        last=ranges[-1].name if ranges else None,
        seconds=round(time.monotonic() - began, 3),
    )


def _seconds(planned: Planned) -> str:
    return f"{planned.seconds:.1f}"
