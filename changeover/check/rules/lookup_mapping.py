"""The rule `lookup-mapping`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.binding.mismatch import Mismatch
from changeover.binding.parents import find_parent
from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.lookups import lookups
from changeover.check.rule import MappingRule


class LookupMapping(MappingRule):
    """It can't be told which mapping a lookup's old key belongs to.

    A lookup by the parent's old key follows the mapping that moves the parent's rows: there must be one, and
    with several (a merge) the lookup says which.

    ```python
    lookup("member", post.author)                                       # error, if two databases feed member
    lookup("member", post.author, mapping="community.tb_member")        # ok
    lookup("country", member.country_code, by="code")                   # ok without a mapping
    ```
    """

    name: ClassVar[str] = "lookup-mapping"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        for led in lookups(case):
            if led.how.by:
                continue
            try:
                find_parent(case.place(led.name), case.registry, case.mapping, led.how)
            except Mismatch as error:
                yield self.of(case, error)
