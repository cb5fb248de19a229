"""The rule `missing-privilege`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check import privileges
from changeover.check.finding import Finding, Severity
from changeover.check.rule import Rule
from changeover.check.site import Site


class MissingPrivilege(Rule):
    """The user of a connection lacks a privilege.

    The old databases are only read: `SELECT` on the tables that the mappings name. On the new one the targets
    and the control tables are read and written, chunks are staged in temporary tables, and counters of ids
    are moved (which MariaDB and MySQL may have to do with `ALTER TABLE` under `LOCK TABLES`, and PostgreSQL does
    with the sequence). On PostgreSQL it must see all rows: where row-level security would hide some, reading the
    table is an error.

    Instead: run the GRANT that the finding shows. `changeover grants` prints all of them.
    """

    name: ClassVar[str] = "missing-privilege"
    severity: ClassVar[Severity] = "error"

    def check(self, site: Site) -> Iterator[Finding]:
        for missing in privileges.missing(site):
            message = f"the user of the {missing.title} lacks {', '.join(missing.privileges)}"
            yield self.find(None, message, missing.grant, table=missing.table)
