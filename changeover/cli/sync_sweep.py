"""``changeover sync sweep``: what a high-water column says is new, for old databases without triggers."""

from __future__ import annotations

from changeover.capture.incremental import can_sweep, sweep
from changeover.cli import options, output
from changeover.cli.opening import open_project, open_registry, selected
from changeover.cli.outcome import Code, end
from changeover.cli.stopping import Stopping
from changeover.errors import ConfigurationError


def sweep_(
    tables: options.Tables = None,
    table: options.MoreTables = None,
    mappings: options.Mappings = None,
    json: options.Json = False,
    _debug: options.Debug = False,
) -> None:
    """Apply what is new or changed since the last sweep, by the mappings' high_water columns.

    For old databases that may only be read. Run it once before the first backfill: it then notes where the columns stand.
    It does not see deleted rows, changes that leave the column as it is, or changes of joined tables; `changeover backfill
    --again` does. Exits with 1 when a row was rejected.

    Examples:

      changeover sync sweep
      changeover sync sweep comment --json
    """
    registry = open_registry(mappings)
    chosen = selected(registry, tables, table)
    with open_project(registry, chosen, mappings) as project, Stopping() as stopping:
        roots = [root for root in chosen.roots if can_sweep(project.moves[root])]
        if not roots:
            raise ConfigurationError(
                "none of the mappings names a high_water column: name the root's column that grows with each change"
            )
        done = [sweep(project, root, stop=stopping.event) for root in roots if not stopping.event.is_set()]
    code = Code.FINDINGS if any(one.rejected for one in done) else Code.OK
    if json:
        output.document({"command": "sync sweep", "ok": code is Code.OK, "roots": done})
    else:
        columns = ("root", "applied", "inserted", "updated", "deleted", "rejected")
        rows = [
            (o.root, *map(output.count, (o.keys_applied, o.inserted, o.updated, o.deleted, o.rejected)))
            for o in done
        ]
        output.table("", columns, rows, numbers=columns[1:])
    if stopping.event.is_set():
        output.say("stopped; the same command goes on")
        end(Code.INTERRUPTED)
    end(code)
