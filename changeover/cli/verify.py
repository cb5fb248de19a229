"""``changeover verify``: compare what was copied with what the old databases say now."""

from __future__ import annotations

import hashlib
import json as json_module
import shlex
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from changeover.cli import options, output
from changeover.cli.opening import one_root, open_project, open_registry, selected
from changeover.cli.outcome import Code, end
from changeover.cli.progress import Progress, display
from changeover.cli.stopping import Stopping
from changeover.drift.page import page
from changeover.drift.report import Report, TableReport, report
from changeover.drift.verify import due, sampled
from changeover.drift.verify import verify as verify_ranges
from changeover.errors import ConfigurationError, Interrupted
from changeover.ledger import verified as ledger
from changeover.ledger.ranges import KeyRange, part_named, ranges_of, whole_table
from changeover.ledger.verified import Pass
from changeover.project import Project

NAMED = 3
"""Rows that differ in a table, on the screen. `--json` and `--report` have up to 100 of them."""
LONGEST_SCOPE = 200


def verify(
    tables: options.Tables = None,
    table: options.MoreTables = None,
    ranges: options.Ranges = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Compare every row value by value, not checksums first.")
    ] = False,
    sample: Annotated[
        int | None,
        typer.Option("--sample", min=1, metavar="N", help="Only N ranges of each table, by chance."),
    ] = None,
    report_file: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE",
            help="Write the report, as a page (.html) or as JSON (.json).",
            dir_okay=False,
        ),
    ] = None,
    workers: options.Workers = None,
    mappings: options.Mappings = None,
    json: options.Json = False,
    _debug: options.Debug = False,
) -> None:
    """Compare every copied row with what its old row says now, after the mapping. Writes nothing but the ledger.

    Checksums first, which each database computes by itself; where they differ, the rows to blame are found and compared
    column by column. Rows that are being changed meanwhile are looked at again, and never called drift. What drifted is
    kept in the ledger: `changeover resync` mends it, `changeover status` counts it.

    Exits with 0 only if all of it was compared and is equal: no drift, no rejected row, no range that is not copied.

    Ctrl-C stops after the current ranges; the same command goes on from there.

    Examples:

      changeover verify                       everything
      changeover verify coupon --deep --report coupon.html
      changeover verify shop.tb_coupon --range 0000000001-0000050000
      changeover verify --sample 5 --json     five ranges of each table
    """
    if report_file is not None and report_file.suffix not in (".html", ".json"):
        raise ConfigurationError(f"--report {report_file}: end its name in .html or .json")
    registry = open_registry(mappings)
    chosen = selected(registry, tables, table)
    root = one_root(chosen, "--range") if ranges else ""
    with open_project(registry, chosen, mappings, workers) as project, Stopping("ranges") as stopping:
        named = {root: _named(project, root, ranges)} if ranges else None
        one = _begin(project, chosen.roots, ranges or (), sample, deep=deep)
        wanted = {r: _wanted(project, r, named, one, sample) for r in (named or chosen.roots)}
        if one.resumed:
            output.say(
                "going on with the verification that was stopped; ranges that it has done are not looked at again"
            )
        with display(len(wanted)) as progress:
            stopped = _run(project, wanted, one, progress, stopping.event)
        if not stopped:
            with project.new.engine.begin() as connection:
                ledger.finish(connection, one)
        found = report(project, one, wanted, sampled=sample is not None)
    code = Code.INTERRUPTED if stopped else Code.OK if found.equal else Code.FINDINGS
    content = _document(found, code)
    if report_file is not None:
        _write(report_file, found, content)
    if json:
        output.document(content)
    else:
        _show(found)
    if stopped:
        output.say(
            f"stopped; every range that was looked at stays. To go on: {shlex.join(['changeover', *sys.argv[1:]])}"
        )
    end(code)


def _begin(
    project: Project, roots: Sequence[str], names: Sequence[str], sample: int | None, *, deep: bool
) -> Pass:
    scope = " ".join([*sorted(roots), *sorted(names), *([f"sample={sample}"] if sample else [])])
    if len(scope) > LONGEST_SCOPE:
        scope = hashlib.sha256(scope.encode()).hexdigest()
    with project.new.engine.begin() as connection:
        return ledger.begin(connection, scope, "values" if deep else "checksums")


def _named(project: Project, root: str, names: Sequence[str]) -> list[KeyRange]:
    with project.reading() as connection:
        return [part_named(connection, root, name.removeprefix(f"{root}:")) for name in names]


def _wanted(
    project: Project, root: str, named: dict[str, list[KeyRange]] | None, one: Pass, sample: int | None
) -> list[KeyRange]:
    if named is not None:
        return named[root]
    with project.reading() as connection:
        known = ranges_of(connection, root)
    return [*known, whole_table(root)] if sample is None else sampled(known, sample, one.id)


def _run(
    project: Project,
    wanted: dict[str, list[KeyRange]],
    one: Pass,
    progress: Progress,
    stop: threading.Event,
) -> bool:
    """Look at all of them. Whether it was asked to stop before the end."""
    for root, ranges in wanted.items():
        left = due(project, root, [found.name for found in ranges], one)
        targets = len(project.move(root).bounds)
        progress.begin(root, len(left), sum(found.rows_planned for found in left) * targets)
        try:
            for done in verify_ranges(project, root, left, one, on_chunk=progress.chunk, stop=stop):
                progress.range(done)
        except Interrupted:
            return True
        finally:
            progress.end()
    return False


def _write(file: Path, found: Report, content: dict[str, Any]) -> None:
    text = (
        page(found)
        if file.suffix == ".html"
        else json_module.dumps(content, default=output.plain, ensure_ascii=False, indent=2) + "\n"
    )
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"--report {file} can't be written: {error.strerror}") from None


def _document(found: Report, code: Code) -> dict[str, Any]:
    return {
        "command": "verify",
        "ok": code is Code.OK,
        "interrupted": code is Code.INTERRUPTED,
        "verification": found.verification,
        "depth": found.depth,
        "sampled": found.sampled,
        "old": found.old,
        "new": found.new,
        "started_at": found.started_at,
        "made_at": found.made_at,
        "tables": [{**vars(table), "equal": table.equal} for table in found.tables],
    }


def _show(found: Report) -> None:
    columns = (
        *("table", "from", "ranges", "compared", "missing", "extra", "different"),
        *("rejected", "hot", "seconds", "rows/s"),
    )
    output.table("", columns, map(_row, found.tables), numbers=columns[2:])
    for one in found.tables:
        for error in one.errors:
            output.answer(error)
        if one.not_verified:
            name, why = next(iter(one.not_verified.items()))
            output.answer(
                f"{one.target}: {output.number(len(one.not_verified), 'range')} not verified: {name} {why}"
            )
        for difference in (found for found in one.differences[:NAMED] if found.state == "open"):
            where = f" in {', '.join(difference.columns)}" if difference.columns else ""
            output.answer(f"{one.target}: root {difference.key} {difference.kind}{where}")
        if one.open > NAMED:
            output.answer(f"{one.target}: {output.number(one.open - NAMED, 'row')} more that differ")
    if any(one.open for one in found.tables):
        output.answer("`changeover resync --dry-run` says what would be mended, `changeover resync` mends it")
    if rejected := sum(one.rejected for one in found.tables):
        output.answer(
            f"{output.number(rejected, 'rejected row')} could not be compared, and count as unequal: `changeover rejects` says why"
        )
    if hot := sum(one.hot for one in found.tables):
        output.answer(
            f"{output.number(hot, 'row')} kept changing and could not be compared: the same command looks again"
        )
    if found.equal:
        rows = output.number(sum(one.compared for one in found.tables), "row")
        where = "the ranges that were chosen of " if found.sampled else ""
        output.answer(
            f"{rows} of {where}{output.number(len(found.tables), 'table')} are the same on both sides"
        )


def _row(one: TableReport) -> tuple[object, ...]:
    numbers = (one.compared, one.missing, one.extra, one.different, one.rejected, one.hot)
    return (
        one.target,
        one.root,
        f"{one.ranges_verified}/{one.ranges}",
        *map(output.count, numbers),
        f"{one.seconds:.1f}",
        output.count(one.compared / one.seconds) if one.seconds else "",
    )
