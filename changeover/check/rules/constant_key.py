"""The rule `constant-key`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.mapping import Computed, Constant


class ConstantKey(MappingRule):
    """`Computed` makes the target's whole key of constants.

    Every root then leads to one and the same row: the first is moved, and each of the others is a reject.

    ```python
    ids=Computed(), columns={"kind": constant("shop"), "no": order.no}    # ok
    ids=Computed(), columns={"kind": constant("shop")}                    # error
    ```

    Instead: make a column of the key of something that differs from root to root.
    """

    name: ClassVar[str] = "constant-key"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        if not isinstance(case.mapping.ids, Computed) or case.target is None or not case.target.primary_key:
            return
        key = case.target.primary_key
        if all(isinstance(case.mapping.made.get(name), Constant) for name in key):
            yield self.find(
                case,
                f"the key ({', '.join(key)}) is made of constants alone: every root would make the same row",
                "make one of its columns of the root's key",
                column=key[0],
            )
