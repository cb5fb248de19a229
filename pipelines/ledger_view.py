"""Dagster's view of the ledger: which ranges there are, and which of them are done.

The ledger is the truth. Whatever was planned or copied without Dagster, or before its storage was thrown away, is
told to it here; doing it twice tells nothing twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import dagster as dg

from assets.accounts import accounts
from assets.component import Component
from assets.events import materializations
from assets.keys import new_key
from assets.partitions import Partitions, missing_keys, partitions_name
from assets.same_as_old import same_as_old
from changeover.ledger.ranges import KeyRange, ranges_of
from changeover.project import Project

KEYS_AT_ONCE = 500
"""Partitions are added by statements with one bound value each; databases take thousands of them."""


@dataclass(frozen=True)
class Shown:
    """What Dagster was told of a component.

    ``listed`` partitions are new to it, ``done`` ones it did not know to be materialized, ``forgotten`` ones it
    believed to be materialized although the ledger never saw them copied (it was set up anew).
    """

    listed: int
    done: int
    forgotten: int


def partition_keys(project: Project, component: Component) -> list[str]:
    """The partition keys of the component's ranges, in the ledger's order, root by root."""
    partitions = Partitions(component.roots)
    return [partitions.key(found.root, found.name) for found in _ranges(project, component)]


def show(instance: dg.DagsterInstance, project: Project, component: Component) -> Shown:
    """Make Dagster list the component's ranges, and show those that are done as materialized with their numbers.

    Costs an event for each target of a range that it did not know of; Dagster stores 57 to 114 of them a second. If there is
    any, the checks are stated as well.
    """
    fresh = missing_keys(instance, component, partition_keys(project, component))
    for start in range(0, len(fresh), KEYS_AT_ONCE):
        instance.add_dynamic_partitions(partitions_name(component), fresh[start : start + KEYS_AT_ONCE])
    forgotten = _forget(instance, project, component)
    unknown = _not_shown(instance, project, component)
    for found in unknown:
        shapes = {b.mapping.target: b.new for b in project.move(found.root).bounds}
        for event in materializations(component, found, shapes):
            instance.report_runless_asset_event(event)
    if unknown:
        for event in (*accounts(project, component), *same_as_old(project, component)):
            instance.report_runless_asset_event(event)
    return Shown(len(fresh), len(unknown), forgotten)


def _not_shown(instance: dg.DagsterInstance, project: Project, component: Component) -> list[KeyRange]:
    partitions = Partitions(component.roots)
    shown = set.intersection(*(instance.get_materialized_partitions(new_key(t)) for t in component.targets))
    done = (found for found in _ranges(project, component) if found.status == "done")
    return [found for found in done if partitions.key(found.root, found.name) not in shown]


def _forget(instance: dg.DagsterInstance, project: Project, component: Component) -> int:
    """Dagster can't forget single partitions, so all of the component is wiped, and then shown anew."""
    partitions = Partitions(component.roots)
    untouched = {partitions.key(f.root, f.name) for f in _ranges(project, component) if f.attempts == 0}
    keys = [new_key(target) for target in component.targets]
    wrong = {key for asset in keys for key in instance.get_materialized_partitions(asset) if key in untouched}
    if wrong:
        instance.wipe_assets(keys)
    return len(wrong)


def _ranges(project: Project, component: Component) -> list[KeyRange]:
    with project.reading() as connection:
        return [found for root in component.roots for found in ranges_of(connection, root)]
