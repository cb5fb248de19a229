"""The rule `assigned-match`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.check.single_row import covers_a_key
from changeover.check.suggestion import instead
from changeover.mapping import Assigned, Lookup, TargetDefault


class AssignedMatch(MappingRule):
    """The columns of `Assigned(match=…)` can't identify a row of the target.

    Roots share a row when their values in these columns are those of the row. So the columns must be made by
    the mapping (not by a lookup), be unique together in the target, and be `NOT NULL`: two rows without an
    e-mail address are not one person.

    Instead: match by other columns, add the unique index, or leave `match` out.
    """

    name: ClassVar[str] = "assigned-match"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        ids, target = case.mapping.ids, case.target
        if not isinstance(ids, Assigned) or not ids.match or target is None:
            return
        for name in ids.match:
            column = target.column(name)
            if column is None:
                remedy = instead(name, [c.name for c in target.columns])
                yield self.find(
                    case, "match= names a column that the target does not have", remedy, column=name
                )
                continue
            if column.nullable:
                message = "match= names a column that may be NULL, and NULL identifies nobody"
                yield self.find(case, message, "make it NOT NULL, or match by other columns", column=name)
            how = case.mapping.made.get(name)
            if how is None or isinstance(how, (TargetDefault, Lookup)):
                message = "match= names a column that the mapping does not make from the old database"
                yield self.find(
                    case, message, "map it (not by a lookup), or match by other columns", column=name
                )
        names = [c for c in ids.match if target.column(c)]
        if len(names) == len(ids.match) and not covers_a_key(target, set(names)):
            message = (
                f"match=({', '.join(names)}) is not unique in the target, so a root could match several rows"
            )
            yield self.find(case, message, "add a unique index over these columns, or match by others")
