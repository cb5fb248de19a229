"""``changeover status``: how far every table is, from the ledger."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from changeover.cli import kept, options, output
from changeover.cli.fingerprints import fingerprints
from changeover.cli.opening import one_root, open_ledger, open_registry, selected
from changeover.cli.outcome import Code, end
from changeover.ledger.kept import live_syncs
from changeover.ledger.orphans import Orphan, orphans
from changeover.ledger.ranges import KeyRange, ranges_of
from changeover.ledger.status import TableStatus, copied_roots, statuses
from changeover.ledger.sync import SyncState
from changeover.project import Project

_COLOURS = {
    "done": "green",
    "failed": "red",
    "rejects": "yellow",
    "stale": "yellow",
    "running": "cyan",
    "images": "cyan",
}

_COLUMNS = (
    "root",
    "new tables",
    "state",
    "ranges",
    "read",
    "planned",
    "rejected",
    "waiting",
    "verified",
    "drifted",
    "rows/s",
    "left",
)
_TEXTS = ("root", "new tables", "state")
_LEFT_OUT = ("new tables", "planned", "verified", "drifted")
"""Where there is no room for all: the roots are named, planned rows are what read rows come to, and drift is told of below."""
WIDE = 120
"""Columns that all of them need."""


def status(
    tables: options.Tables = None,
    table: options.MoreTables = None,
    ranges: Annotated[
        bool, typer.Option("--ranges", help="The key ranges of the one root selected.")
    ] = False,
    mappings: options.Mappings = None,
    json: options.Json = False,
    _debug: options.Debug = False,
) -> None:
    """Show how far every table is: ranges, rows, rejects, what is verified, rate and estimated end.

    And how each is kept in step: by live sync or by sweeps of a high-water column, how far behind, when last seen, and what
    may be missed.

    Asks the ledger, so it can be used while a backfill or a live sync runs, whoever runs it. Exits with 1 when a range has
    failed, a row is rejected, keeps an old URL since its image was rejected, or was found drifted, a mapping changed after its
    rows were copied, or it can't be told whether it did: its old database is down, or it doesn't fit the schemas; and when
    capture of a table is broken, or a live sync failed or has not been heard of for a minute. One that was stopped is no
    finding, nor are rows that wait for images: their table is not done, and its state is `images`.

    Examples:

      changeover status
      changeover status comment --json
      changeover status shop.tb_coupon --ranges
    """
    registry = open_registry(mappings)
    chosen = selected(registry, tables, table)
    with open_ledger() as ledger:
        if ranges:
            code = _show_ranges(ledger, one_root(chosen, "--ranges"), json=json)
        else:
            with ledger.reading() as connection:
                copied = copied_roots(connection)
            written = fingerprints(registry, copied & set(chosen.roots), ledger)
            with ledger.reading() as connection:
                found = [one for one in statuses(connection, registry, written) if one.root in chosen.roots]
                syncs = [one for one in live_syncs(connection).values() if one.database in chosen.databases]
                gone = [
                    one
                    for one in orphans(connection, {m.name for m in registry.mappings})
                    if not (tables or table) or one.target in chosen.targets or one.root in chosen.roots
                ]
            code = _show(found, syncs, gone, json=json)
    end(code)


def has_findings(found: TableStatus) -> bool:
    """Whether somebody has to look at the table. Not being done yet is no finding."""
    return kept.is_wrong(found.kept) or bool(
        found.ranges_failed
        or found.rejected_open
        or found.waiting
        or found.images_rejected
        or found.ranges_stale
        or found.unknown
        or found.drifted
    )


def _show(found: list[TableStatus], syncs: list[SyncState], gone: list[Orphan], *, json: bool) -> Code:
    code = Code.FINDINGS if gone or any(map(has_findings, found)) else Code.OK
    if json:
        content = {
            "command": "status",
            "ok": code is Code.OK,
            "tables": found,
            "live_syncs": syncs,
            "orphans": gone,
        }
        output.document(content)
        return code
    tight = output.width() < WIDE
    columns = tuple(name for name in _COLUMNS if not (tight and name in _LEFT_OUT))
    rows = ([row[name] for name in columns] for row in map(_row, found))
    output.table("", columns, rows, numbers=[name for name in columns if name not in _TEXTS], tight=tight)
    kept.show(found, syncs, tight=tight)
    _hints(found)
    for orphan in gone:
        output.answer(orphan_hint(orphan))
    return code


def orphan_hint(orphan: Orphan) -> str:
    """What is to be done about rejects of a mapping that is no more."""
    return (
        f"{output.number(orphan.rows, 'rejected row')} of mapping {orphan.mapping}, which no longer exists: "
        f"`changeover rejects {orphan.mapping}` lists them, `changeover rejects close {orphan.mapping}` forgets them"
    )


def _row(found: TableStatus) -> dict[str, object]:
    failed = f" ({found.ranges_failed} failed)" if found.ranges_failed else ""
    return {
        "root": found.root,
        "new tables": ", ".join(found.targets),
        "state": Text(found.state, style=_COLOURS.get(found.state, "")),
        "ranges": f"{found.ranges_done}/{found.ranges_total}{failed}",
        "read": output.count(found.rows_read),
        "planned": output.count(found.rows_planned),
        "rejected": output.count(found.rejected_open),
        "waiting": output.count(found.waiting),
        "verified": f"{found.ranges_verified}/{found.ranges_total}",
        "drifted": output.count(found.drifted),
        "rows/s": output.count(found.rate) if found.rate else "",
        "left": output.duration(found.eta_seconds) if found.eta_seconds is not None else "",
    }


def _hints(found: list[TableStatus]) -> None:
    if any(f.ranges_failed for f in found):
        output.answer(
            "failed ranges: `changeover status ROOT --ranges` says why, `changeover backfill` tries them again"
        )
    if any(f.rejected_open or f.waiting for f in found):
        output.answer(
            "rejected rows: `changeover rejects` says why, `changeover rejects retry` tries them again"
        )
    for one in (f for f in found if f.images_rejected):
        output.answer(
            f"{one.root}: {output.number(one.images_rejected, 'row')} keep an old URL, since its image was rejected: "
            "`changeover images rejects` says which and why"
        )
    for one in (f for f in found if f.images_waiting):
        output.answer(
            f"{one.root}: {output.number(one.images_waiting, 'row')} wait for images: `changeover images run` moves them"
        )
    if any(f.drifted for f in found):
        output.answer(
            "drifted rows: `changeover resync --dry-run` says what differs, `changeover resync` mends it"
        )
    if any(f.ranges_copied_again for f in found):
        again = ", ".join(
            f"{f.root} ({output.number(f.ranges_copied_again, 'range')})"
            for f in found
            if f.ranges_copied_again
        )
        output.answer(
            f"copied again since they were verified: {again}; `changeover verify` compares them once more"
        )
    if any(f.ranges_stale for f in found):
        roots = ", ".join(
            f"{f.root} ({output.number(f.ranges_stale, 'range')})" for f in found if f.ranges_stale
        )
        output.answer(
            f"the mapping changed since rows were copied: {roots}; `changeover backfill` brings them up to date"
        )

    for one in (f for f in found if f.unknown):
        output.answer(
            f"{one.root}: whether its mapping changed since rows were copied can't be told: {one.unknown}"
        )


def _show_ranges(project: Project, root: str, *, json: bool) -> Code:
    with project.reading() as connection:
        found = ranges_of(connection, root)
    code = Code.FINDINGS if any(r.status == "failed" for r in found) else Code.OK
    if json:
        output.document({"command": "status", "ok": code is Code.OK, "root": root, "ranges": found})
        return code
    columns = (
        "range",
        "status",
        "attempts",
        "read",
        "written",
        "unchanged",
        "deleted",
        "rejected",
        "seconds",
        "rows/s",
    )
    output.table("", columns, map(_range_row, found), numbers=columns[2:])
    for failed in (r for r in found if r.error):
        output.answer(f"{failed.name}: {failed.error}")
    return code


def _range_row(found: KeyRange) -> tuple[object, ...]:
    numbers = (found.rows_read, found.written, found.unchanged, found.deleted, found.rejected)
    rate = output.count(found.rate) if found.rate else ""
    return (
        found.name,
        found.status,
        found.attempts,
        *map(output.count, numbers),
        f"{found.seconds:.1f}",
        rate,
    )
