"""The rule `python-arguments`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.mapping import Python


class PythonArguments(MappingRule):
    """The function of `python()` doesn't take as many arguments as it is given columns.

    It is called with one list for each column.

    ```python
    def full_name(first, last): …
    "name": python(full_name, member.first)                  # error
    "name": python(full_name, member.first, member.last)     # ok
    ```
    """

    name: ClassVar[str] = "python-arguments"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        for name, how in case.mapping.made.items():
            if not isinstance(how, Python):
                continue
            try:
                signature = inspect.signature(how.function)
            except (TypeError, ValueError):
                continue  # some built-in functions don't say what they take
            try:
                signature.bind(*how.inputs)
            except TypeError as error:
                called = getattr(how.function, "__name__", repr(how.function))
                message = (
                    f"{called}{signature} is called with {len(how.inputs)} lists, one for each old "
                    f"column: {error}"
                )
                yield self.find(case, message, "give python() one old column for each argument", column=name)
