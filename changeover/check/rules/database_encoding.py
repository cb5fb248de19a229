"""The rule `database-encoding`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.finding import Finding, Severity
from changeover.check.probe import answer
from changeover.check.rule import Rule
from changeover.check.site import Site


class DatabaseEncoding(Rule):
    """A PostgreSQL database is not in UTF-8.

    A new database in another encoding can't store every text. An old one in `SQL_ASCII` does not know what
    its bytes mean: text that is not valid UTF-8 can't be read.

    Instead: create the new database with `ENCODING 'UTF8'`; find out what an old one in SQL_ASCII really holds.
    """

    name: ClassVar[str] = "database-encoding"
    severity: ClassVar[Severity] = "warning"

    def check(self, site: Site) -> Iterator[Finding]:
        for title, schema in site.databases():
            if schema.dialect.family != "postgresql":
                continue
            found = answer(schema, "SELECT current_setting('server_encoding')")
            encoding = str(found[0]) if found else "UTF8"
            if encoding == "SQL_ASCII" or (schema is site.new and encoding != "UTF8"):
                message = f"the {title} is encoded in {encoding}: not every text can be carried"
                yield self.find(None, message, "use a database with ENCODING 'UTF8'")
