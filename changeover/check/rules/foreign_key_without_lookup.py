"""The rule `foreign-key-without-lookup`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from changeover.check.case import Case
from changeover.check.finding import Finding, Severity
from changeover.check.rule import MappingRule
from changeover.mapping import Constant, Keep, Lookup, Offset, TargetDefault, ValueMap
from changeover.mapping.columns import Column
from changeover.schema import ForeignKey


class ForeignKeyWithoutLookup(MappingRule):
    """A foreign key of the target is not made by a lookup.

    A lookup finds the parent's new key, makes sure that parents are moved first, and keeps a row whose parent
    is missing as *waiting*. An old key copied as it is does none of that, and is only right by luck: even
    where the parent keeps its ids, a row whose parent isn't there yet would be rejected by the database and
    not tried again.

    A split needs none: where parent and child are made of one root and keep its key, both are written in one
    transaction, the parent first.

    Constants and value maps are taken where no mapping feeds the parent: they state new keys, of rows that
    the new schema brought along.

    ```python
    "member_id": order.member_no                      # error
    "member_id": lookup("member", order.member_no)    # ok
    "parent_id": constant(None)                       # ok
    ```
    """

    name: ClassVar[str] = "foreign-key-without-lookup"
    severity: ClassVar[Severity] = "error"

    def check_mapping(self, case: Case) -> Iterator[Finding]:
        for key in case.target.foreign_keys if case.target else ():
            made = {name: case.columns[name] for name in key.columns if name in case.columns}
            if any(isinstance(how, Lookup) for how in made.values()) or _is_split(case, key):
                continue
            for name, how in made.items():
                if not _is_stated(case, key, how):
                    yield self.find(case, *_advice(case, key, name), column=name)


def _is_split(case: Case, key: ForeignKey) -> bool:
    """Parent and child are made of one root, by one ids rule: they have one key, and are written in one transaction."""
    if case.target is None or set(key.columns) != set(case.target.primary_key):
        return False
    twins = [m for m in case.feeding(key.parent) if m.root_name == case.mapping.root_name]
    return isinstance(case.mapping.ids, (Keep, Offset)) and any(m.ids == case.mapping.ids for m in twins)


def _is_stated(case: Case, key: ForeignKey, how: Column) -> bool:
    if isinstance(how, TargetDefault) or (isinstance(how, Constant) and how.value is None):
        return True
    return isinstance(how, (Constant, ValueMap)) and not case.feeding(key.parent)


def _advice(case: Case, key: ForeignKey, name: str) -> tuple[str, str]:
    message = f"the foreign key to {key.parent} is not made by a lookup"
    remedy = f'write lookup("{key.parent}", …) with the old column that leads to the parent'
    if not case.feeding(key.parent):
        remedy = (
            f'write lookup("{key.parent}", …, by=…): no mapping feeds it, so a natural key has to lead to it'
        )
    if case.target is not None and name in case.target.primary_key and name not in case.mapping.made:
        remedy = f'use ids=Computed() with "{name}": lookup("{key.parent}", …)'
    return message, remedy
