"""The rule `split-keys-differ`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule


class SplitKeysDiffer(MappingRule):
    """Two mappings of one root name different keys.

    The mappings of a root are walked together, range by range, and written in one transaction. They must agree on
    `key=`.

    Instead: give all mappings of the root the same `key=`.
    """

    name: ClassVar[str] = "split-keys-differ"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        first = case.registry.of_root(case.mapping.root_name)[0]
        usual = case.root.keys[0] if case.root and case.root.keys else ()
        mine, theirs = case.mapping.key or usual, first.key or usual
        if mine != theirs:
            yield self.find(
                case,
                f"it pages by ({', '.join(mine)}), and {first.name}, which shares the root, by ({', '.join(theirs)})",
                "give both the same key=",
                table=case.old_table(),
            )
