"""The rule `key-stored-otherwise`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.keyset import stored


class KeyStoredOtherwise(MappingRule):
    """Some rows of an SQLite table have a value in their key that is not of the column's type.

    SQLite stores what it is given: bytes in a text column, text in one of numbers. Such rows stand apart from the others in
    the index, and a page would never end at them, or end there for ever. Planning refuses the table. Of a key of one column
    the first and the last entry are looked at; of a key of several, all of its index.

    Instead: mend these rows, or name another unique set of columns with `key=`.
    """

    name: ClassVar[str] = "key-stored-otherwise"
    severity: ClassVar[Severity] = "error"
    scans: ClassVar[bool] = True

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        if case.key is None or case.schema is None or case.schema.dialect.family != "sqlite":
            return
        with case.schema.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            found = stored.misfit(connection, case.schema.dialect, case.mapping.root, case.key, None)
        if found is not None and found[1] != "null":  # `null-in-key` reports that
            column, sort = found
            kind = next(c.kind.name for c in case.key.columns if c.name == column)
            yield self.find(
                case,
                f"some rows have a value in this column of their key that is stored as {sort}, and is no {kind}",
                "mend these rows, or name another unique set of columns with key=",
                table=case.old_table(),
                column=column,
            )
