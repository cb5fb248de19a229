"""The rule `key-of-heirs`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.probe import answer
from changeover.check.rule import MappingRule

STATEMENT = """
SELECT string_agg(i.inhrelid::regclass::text, ', ' ORDER BY i.inhrelid::regclass::text) FROM pg_inherits i
JOIN pg_class parent ON parent.oid = i.inhparent WHERE parent.relkind = 'r' AND i.inhparent = to_regclass(:name)
"""


class KeyOfHeirs(MappingRule):
    """Other tables inherit from the root (PostgreSQL's `INHERITS`).

    Reading the root reads their rows too, but its primary key does not hold for them: a key may be there twice. Each key
    that several rows have becomes a *conflict* reject, and none of those rows is moved. (Partitions of a table that is
    partitioned by `PARTITION BY` share its key, and are not meant.)

    Instead: give rows that have the same key keys of their own, or detach the heirs (`ALTER TABLE … NO INHERIT …`) and
    map each as a root. Where no key is there twice, there is nothing to do.
    """

    name: ClassVar[str] = "key-of-heirs"
    severity: ClassVar[Severity] = "warning"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        if case.root is None or case.schema is None or case.schema.dialect.family != "postgresql":
            return
        found = answer(case.schema, STATEMENT, {"name": case.schema.dialect.table(case.root.table)})
        if found is not None and found[0]:
            yield self.find(
                case,
                f"{found[0]} inherits from this table, and a key may be there twice: such rows are rejected",
                "see that no key is, or detach the heirs and map each as a root",
                table=case.old_table(),
            )
