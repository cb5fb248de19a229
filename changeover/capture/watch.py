"""Noticing that changes may have been missed: triggers that are gone or off, tables that were altered, emptied or made again.

A table once found broken stays so until it is installed again, whatever it looks like by then: nobody knows what was missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from changeover.capture import outbox
from changeover.capture.survey import Fingerprint, Survey, survey
from changeover.dialects import TableName
from changeover.ledger import capture as ledger
from changeover.project import Project

REMEDY = "`changeover sync install` makes its triggers anew and has its rows walked again"


@dataclass(frozen=True)
class Broken:
    """A table whose changes may have been missed, and why."""

    table: str
    reason: str


def look(project: Project, database: str) -> list[Broken]:
    """Compare what stands with what was installed, tell the ledger, and return the tables that can't be trusted.

    Raises: Untraceable, Unwritable or CircularCascade when what is to be watched can't be any more.
    """
    with project.reading() as connection:
        known = ledger.captured(connection, database)
    if not known:
        return []
    engine = project.old[database].engine
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        seen = survey(project, database, connection)
        there = sa.inspect(connection).has_table(seen.outbox.table.name, schema=seen.outbox.table.schema)
        marks = {table: source for source, table in outbox.marks(connection)} if there else {}
    found = dict(_found(seen, known, marks)) if there else {one.table: NO_OUTBOX for one in known}
    _spread(seen, found)
    names, tables = {one.table for one in known}, {str(table): table for table in seen.triggers}
    healthy = [one.table for one in known if one.state == "installed" and one.table not in found]
    with project.new.engine.begin() as connection:
        for one in known:
            if one.state == "installed" and one.table in found:
                ledger.record(connection, database, one.table, "broken", reason=found[one.table])
            elif one.table in healthy and one.table in tables:
                now = str(seen.fingerprint(tables[one.table]))
                if now != one.fingerprint:  # its counter has grown
                    ledger.refresh(connection, database, one.table, now)
        ledger.looked(connection, database, healthy)
    told = {one.table: one.reason or _CUT_SHORT for one in known if one.state != "installed"}
    return [Broken(name, reason) for name, reason in sorted({**found, **told}.items()) if name in names]


_CUT_SHORT = f"an install was cut short: {REMEDY}"


NO_OUTBOX = (
    f"the outbox {outbox.TABLE} is not there any more, so that the application's statements fail, and what it held is lost; "
    f"`changeover sync uninstall` drops the triggers at once; {REMEDY}"
)


def _found(seen: Survey, known: list[ledger.Captured], marks: dict[str, str]) -> Iterator[tuple[str, str]]:
    tables = {str(table): table for table in seen.triggers}
    for one in known:
        if one.table not in tables:
            continue  # no mapping reads it any more
        reason = _reason(seen, tables[one.table], Fingerprint.parse(one.fingerprint), marks.get(one.table))
        if reason:
            yield one.table, f"{reason}: {REMEDY}"


def _reason(seen: Survey, table: TableName, was: Fingerprint, mark: str | None) -> str:
    now = seen.fingerprint(table)
    facts = seen.facts[table]
    missing, disabled = seen.missing(table), seen.disabled(table)
    if facts is None:
        return "the table is not there any more"
    checks = (
        (missing, f"its trigger {', '.join(missing)} is not there any more"),
        (disabled, f"its trigger {', '.join(disabled)} is disabled"),
        (mark == outbox.TRUNCATED, "it was truncated, which no row trigger sees"),
        (mark == outbox.MISSED, "a row has a key of more than 1,024 bytes, which the outbox can't hold"),
        (facts.refused, f"it {facts.refused}"),
        (now.table != was.table, "the table was altered"),
        (now.counter < was.counter, "it was truncated: its AUTO_INCREMENT went back"),
        (now.mark != was.mark, "the table was truncated, rebuilt, or dropped and made again"),
        (now.standing != was.standing, "its triggers were changed"),
        (now.wanted != was.wanted, "its triggers are not those that the mappings, or this release, want"),
    )
    return next((reason for is_so, reason in checks if is_so), "")


def _spread(seen: Survey, found: dict[str, str]) -> None:
    """Where a table's triggers note what its cascades touch, those tables miss changes too."""
    with_triggers = {table for table in seen.triggers if not seen.missing(table)}
    for one in seen.plan.watched:
        if str(one.table) in found or one.table not in with_triggers:
            for cascade in one.cascades:
                reached = str(cascade.steps[-1].table)
                found.setdefault(
                    reached, f"table {one.table}, whose cascades touch it, is not watched: {REMEDY}"
                )
