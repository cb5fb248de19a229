"""The rule `unknown-zone`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from sqlalchemy.sql import visitors

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.probe import answer
from changeover.check.rule import MappingRule
from changeover.mapping import utc
from changeover.mapping.references import uses
from changeover.schema import Schema

REMEDIES = {
    "mysql": "load the zones (mariadb-tzinfo-to-sql, or mysql_tzinfo_to_sql), or write an offset like '+09:00' where the "
    "zone has no summer time",
    "postgresql": "correct the name: SELECT name FROM pg_timezone_names lists them",
    "sqlite": "write an offset like '+09:00': SQLite knows no zones",
}
STATEMENTS = {
    "mysql": "SELECT 1 WHERE CONVERT_TZ('2020-01-01 00:00:00', :zone, '+00:00') IS NOT NULL",
    "postgresql": "SELECT 1 FROM pg_timezone_names WHERE lower(name) = lower(:zone)",
}


class UnknownZone(MappingRule):
    """`utc()` names a time zone that the old database doesn't know.

    MariaDB and MySQL know zone names only after `mysql_tzinfo_to_sql` has loaded them, and answer NULL until then;
    SQLite knows none. Every row would be rejected.

    Instead: load the zones, or write an offset (`utc(order.created, "+09:00")`), which every database knows.
    """

    name: ClassVar[str] = "unknown-zone"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        if case.schema is None:
            return
        for use in uses(case.mapping):
            for zone in sorted({part.zone for part in visitors.iterate(use.value) if isinstance(part, utc)}):
                if not _knows(case.schema, zone):
                    table = None if use.column else case.old_table()
                    message = f"old database {case.mapping.database} does not know the time zone {zone}"
                    remedy = REMEDIES[case.schema.dialect.family]
                    yield self.find(case, message, remedy, table=table, column=use.column)


def _knows(schema: Schema, zone: str) -> bool:
    if zone == "UTC" or zone[0] in "+-":
        return True
    statement = STATEMENTS.get(schema.dialect.family)
    return statement is not None and answer(schema, statement, {"zone": zone}) is not None
