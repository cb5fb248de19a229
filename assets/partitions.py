"""A component's key ranges as Dagster partitions. The ledger owns the ranges; Dagster only lists their names.

Dagster orders a table's partitions by when they were added, so they are only ever appended, in the ledger's
order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import dagster as dg

from assets.component import Component
from assets.keys import safe

PLAN_JOB = "plan_tables"
"""The job that brings Dagster's list of partitions and the ledger together."""

RANGES_PER_RUN = 25
"""Of an operator's backfill. A run costs about 5 CPU-seconds whatever it does, a range 10 to 60 s of copying:
25 of them make the one negligible, and are few enough to see a table's runs end one by one."""

LONGEST_PREFIX = 60


@dataclass(frozen=True)
class Partitions:
    """Partition keys of a component, to and from the ledger's (root, range name).

    The key is the range's name; where several roots feed the component, the root's name stands before it.
    """

    roots: tuple[str, ...]

    def key(self, root: str, range_name: str) -> str:
        """The partition key of a range."""
        return range_name if len(self.roots) == 1 else f"{_prefix(root)} {range_name}"

    def by_root(self, keys: Iterable[str]) -> dict[str, list[str]]:
        """The range names of ``keys`` by root, roots in their order. Raises KeyError for a key of no root."""
        if len(self.roots) == 1:
            found = {self.roots[0]: list(keys)}
        else:
            roots = {_prefix(root): root for root in self.roots}
            found = {root: list[str]() for root in self.roots}
            for key in keys:
                prefix, _, name = key.partition(" ")
                found[roots[prefix]].append(name)
        return {root: names for root, names in found.items() if names}


def partitions_name(component: Component) -> str:
    """The name of the component's dynamic partitions, which is unique in a Dagster instance."""
    return f"changeover/{component.name}"


def partitions_definition(component: Component) -> dg.DynamicPartitionsDefinition:
    """The dynamic partitions of a component. They are added by `pipelines.plan` and `pipelines.growth`."""
    return dg.DynamicPartitionsDefinition(name=partitions_name(component))


def missing_keys(instance: dg.DagsterInstance, component: Component, keys: Sequence[str]) -> list[str]:
    """Those of ``keys`` that Dagster doesn't list yet, in their order."""
    known = set(instance.get_dynamic_partitions(partitions_name(component)))
    return [key for key in keys if key not in known]


def backfill_policy() -> dg.BackfillPolicy:
    """How a backfill is cut into runs. `backfill_policy` is beta in Dagster: this is the only place that knows it."""
    return dg.BackfillPolicy.multi_run(max_partitions_per_run=RANGES_PER_RUN)


def _prefix(root: str) -> str:
    """The root's name as the first word of a key: no space, comma or bar, and not too long."""
    if len(root) <= LONGEST_PREFIX and re.fullmatch(r"[^\s,|\x00-\x1f]+", root) and "..." not in root:
        return root
    return safe(root)[-LONGEST_PREFIX:]
