"""The rule `new-database-read-only`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.finding import Finding, Severity
from changeover.check.privileges import mysql
from changeover.check.probe import answer
from changeover.check.rule import Rule
from changeover.check.site import Site

ADMIN = {"ALL PRIVILEGES", "SUPER", "READ_ONLY ADMIN", "READ ONLY ADMIN"}
"""Privileges that write to a server that is read-only."""


class NewDatabaseReadOnly(Rule):
    """The new database takes no writes.

    It is a replica, in recovery, or set read-only.

    Instead: connect to the primary.
    """

    name: ClassVar[str] = "new-database-read-only"
    severity: ClassVar[Severity] = "error"

    def check(self, site: Site) -> Iterator[Finding]:
        family = site.new.dialect.family
        if family == "postgresql":
            found = answer(
                site.new, "SELECT current_setting('transaction_read_only') = 'on' OR pg_is_in_recovery()"
            )
        elif family == "mysql":
            found = answer(site.new, "SELECT @@global.read_only <> 'OFF' AND @@global.read_only <> 0")
        else:
            return
        if found is None or not found[0]:
            return
        if family == "mysql" and mysql.everywhere(site.new) & ADMIN:
            return
        yield self.find(
            None,
            "the new database is read-only",
            "connect to the primary (CHANGEOVER_NEW_URL), or make it writable",
        )
