"""The rule `unstable-value`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy.sql import visitors
from sqlalchemy.sql.functions import FunctionElement

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.mapping.references import uses

ALWAYS = frozenset(
    "clock_timestamp connection_id curdate current_date current_time current_timestamp curtime gen_random_uuid localtime "
    "localtimestamp nextval now pg_backend_pid rand random randomblob statement_timestamp sysdate timeofday "
    "transaction_timestamp utc_date utc_time utc_timestamp uuid uuid_generate_v1 uuid_generate_v4 uuid_short".split()
)
WITHOUT_ARGUMENTS = frozenset(
    {"date", "datetime", "julianday", "strftime", "time", "unix_timestamp", "unixepoch"}
)
"""Functions that mean now where they are given no time, or, on SQLite, the word for it."""


class UnstableValue(MappingRule):
    """An expression gives another value each time it is asked.

    A range that is copied again would write every row of it anew, and no comparison of old and new rows would ever find
    them equal.

    Instead: take a column of the old row; `target_default()` leaves a time of moving, or a random value, to the new
    database.
    """

    name: ClassVar[str] = "unstable-value"
    severity: ClassVar[Severity] = "warning"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        for use in uses(case.mapping):
            found = {_unstable(part) for part in visitors.iterate(use.value)}
            for name in sorted(found - {""}):
                yield self.find(
                    case,
                    f"{use.what} uses {name}(), whose value is another one each time",
                    "take a column of the old row, or leave the column to target_default()",
                    table=None if use.column else case.old_table(),
                    column=use.column,
                )


def _unstable(part: object) -> str:
    """The name of a function that gives another value each time, empty for anything else."""
    if not isinstance(part, FunctionElement):
        return ""
    name = str(getattr(part, "name", "")).lower()
    given = [value.value for value in part.clauses if isinstance(value, sa.BindParameter)]
    now = name in WITHOUT_ARGUMENTS and (not len(part.clauses) or "now" in given)
    return name if now or name in ALWAYS else ""
