"""No gap between copying and capture: where changes are to be noted, nothing is read before its triggers stand."""

from __future__ import annotations

from changeover.binding import Move
from changeover.errors import NotCaptured
from changeover.ledger import capture as ledger
from changeover.mapping.references import tables_read
from changeover.project import Project


def refuse_uncaptured(project: Project, move: Move) -> None:
    """Raise NotCaptured when a table that ``move`` reads is to be watched and isn't.

    It is to be where anything of its old database is watched, and where `CHANGEOVER_LIVE` says so.
    """
    with project.reading() as connection:
        known = {one.table: one for one in ledger.captured(connection, move.database)}
    if not known and move.database not in project.live:
        return
    for table in map(str, tables_read(bound.mapping for bound in move.bounds)):
        one = known.get(table)
        if one is not None and one.state == "installed":
            continue
        why = "has no triggers yet" if one is None else one.reason or "has not all of its triggers yet"
        raise NotCaptured(
            f"{move.root}: table {table} of old database {move.database} {why}, so changes of it would be missed while it is "
            "copied; run `changeover sync install` first"
        )
