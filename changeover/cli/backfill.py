"""``changeover backfill``: copy tables, and say at the end what is so."""

from __future__ import annotations

import shlex
import sys
import threading
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from changeover.check import refuse_errors
from changeover.cli import options, output
from changeover.cli.copying import Copied, Order, copy, open_rejects
from changeover.cli.opening import one_root, open_project, open_registry, selected
from changeover.cli.outcome import Code, end
from changeover.cli.plan import plan_root
from changeover.cli.progress import Progress, display
from changeover.cli.status import has_findings
from changeover.cli.stopping import Stopping
from changeover.errors import ConfigurationError
from changeover.ledger.ranges import ranges_of
from changeover.ledger.status import TableStatus, table_status
from changeover.project import Project


def backfill(
    tables: options.Tables = None,
    table: options.MoreTables = None,
    ranges: options.Ranges = None,
    workers: options.Workers = None,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Also ranges that are done: mends what differs, writes nothing that is right."
        ),
    ] = False,
    plan: Annotated[
        bool,
        typer.Option(
            "--plan/--no-plan", help="First plan what is not planned yet, as `changeover plan` does."
        ),
    ] = True,
    unchecked: options.Unchecked = False,
    mappings: options.Mappings = None,
    json: options.Json = False,
    _debug: options.Debug = False,
) -> None:
    """Copy tables, parents before children, a chunk at a time, while they are in use.

    Takes the ranges that are not done: the first time all; after a stop or a failure those that are left, each from its
    last committed chunk; after a mapping changed those that were copied by the old one. Rows that don't fit are kept as
    rejects, and the rest goes on. Begins only if `changeover check` finds no error, as far as schemas tell.

    Exits with 0 only if every row of the selected tables (or ranges) was moved: no failed range, no reject.

    Ctrl-C stops after the current chunks and says how to go on; twice leaves at once, which loses no committed chunk.

    Examples:

      changeover backfill                     everything
      changeover backfill category product -w 4
      changeover backfill shop.tb_coupon --range 0000000001-0000050000
      changeover backfill product --again     also rows that were copied
    """
    registry = open_registry(mappings)
    chosen = selected(registry, tables, table)
    names = _ranges(one_root(chosen, "--range"), ranges) if ranges else ()
    with open_project(registry, chosen, mappings, workers) as project, Stopping() as stopping:
        if not unchecked:
            refuse_errors(project, {m.name for m in chosen.mappings}, instead="--unchecked")
        if names:
            _check_names(project, chosen.roots[0], names)
        order = Order(chosen.roots, names, again, project.workers)
        with display(len(order.roots)) as progress:
            if plan and not names:
                _plan(project, order.roots, progress, stopping.event)
            copied = copy(project, order, progress, stopping.event)
        found = [status for status in table_status(project) if status.root in order.roots]
        # What was done before would look the same if it was to be done again.
        ended = not (again or names) or (len(copied) == len(order.roots) and all(c.finished for c in copied))
        moved = not open_rejects(project, order) if names else all(_is_moved(f, planned=plan) for f in found)
    interrupted = stopping.event.is_set() and not (ended and moved)
    well = moved and not any(one.failed or one.error for one in copied)
    code = Code.INTERRUPTED if interrupted else Code.OK if well else Code.FINDINGS
    if json:
        output.document(_document(copied, found, code))
    else:
        _show(copied, found)
    if interrupted:
        output.say(f"stopped; every committed chunk stays. To go on: {_resume()}")
    end(code)


def _ranges(root: str, names: Sequence[str]) -> tuple[str, ...]:
    """The ranges' names, without the root that some displays put before them."""
    return tuple(dict.fromkeys(name.removeprefix(f"{root}:") for name in names))


def _check_names(project: Project, root: str, names: Sequence[str]) -> None:
    with project.reading() as connection:
        known = {r.name for r in ranges_of(connection, root)}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigurationError(
            f"{root} has no range {', '.join(unknown)}: `changeover status {root} --ranges` lists them, "
            f"`changeover plan {root}` makes them"
        )


def _plan(project: Project, roots: Sequence[str], progress: Progress, stop: threading.Event) -> None:
    for root in roots:
        planned = plan_root(project, root, stop=stop)
        if planned.added:
            amount = f"{output.number(planned.added, 'range')}, {output.number(planned.rows, 'row')}"
            progress.say(f"planned {root}: {amount}, {planned.seconds:.1f} s")


def _is_moved(found: TableStatus, *, planned: bool) -> bool:
    """Every range is done and nothing is open. A table without ranges is empty, if it was just planned."""
    whole = found.ranges_done == found.ranges_total and (found.ranges_total > 0 or planned)
    return whole and not has_findings(found)


def _document(copied: Sequence[Copied], found: Sequence[TableStatus], code: Code) -> dict[str, Any]:
    states = {f.root: f for f in found}
    tables = [
        {
            "root": c.root,
            "targets": c.targets,
            "state": states[c.root].state,
            "finished": c.finished,
            "error": c.error,
            "failed": c.failed,
            "run": {
                "ranges_done": c.ranges_done,
                "rows_read": c.rows_read,
                "inserted": c.inserted,
                "updated": c.updated,
                "unchanged": c.unchanged,
                "deleted": c.deleted,
                "rejected": c.rejected,
                "bytes": c.bytes,
                "seconds": c.seconds,
                "rows_per_second": round(c.rate, 1),
            },
            "status": states[c.root],
        }
        for c in copied
    ]
    return {
        "command": "backfill",
        "ok": code is Code.OK,
        "interrupted": code is Code.INTERRUPTED,
        "tables": tables,
    }


def _show(copied: Sequence[Copied], found: Sequence[TableStatus]) -> None:
    states = {f.root: f for f in found}
    columns = (
        "root",
        "new tables",
        "state",
        "ranges",
        "read",
        "inserted",
        "updated",
        "unchanged",
        "deleted",
        "rejected",
        "seconds",
        "rows/s",
    )
    rows = [_row(c, states[c.root]) for c in copied]
    output.table("", columns, rows, numbers=columns[3:])
    for one in copied:
        if one.error:
            output.answer(f"{one.root} broke off: {one.error}")
        for failed in one.failed:
            output.answer(f"{one.root} {failed['range']} failed: {failed['error']}")
    if any(f.rejected_open or f.waiting for f in found):
        output.answer("some rows could not be moved: `changeover rejects` says which and why")
    if any(f.images_rejected for f in found):
        output.answer("some rows keep an old URL, since its image was rejected: `changeover images rejects`")
    if any(f.images_waiting for f in found):
        output.answer("some rows wait for images: `changeover images run` moves them")


def _row(one: Copied, state: TableStatus) -> tuple[object, ...]:
    numbers = (one.rows_read, one.inserted, one.updated, one.unchanged, one.deleted, state.rejected_open)
    ranges = f"{state.ranges_done}/{state.ranges_total}"
    return (
        one.root,
        ", ".join(one.targets),
        "stopped" if state.state == "running" and not one.finished else state.state,
        ranges,
        *map(output.count, numbers),
        f"{one.seconds:.1f}",
        output.count(one.rate),
    )


def _resume() -> str:
    """The command that was given: a backfill goes on where it stopped."""
    return shlex.join(["changeover", *sys.argv[1:]])
