"""A migrated table as a Dagster asset, whose partitions are the key ranges of its roots.

Tables that share a root or a target are one step (see `assets.component`); all others are one step each.
"""

from collections.abc import Iterator
from collections.abc import Mapping as MappingOf
from typing import Any

import dagster as dg

from assets.checks import check_outputs, copy_checks
from assets.columns import column_lineage
from assets.component import Component
from assets.copying import copy_partitions
from assets.keys import new_key, old_key, safe
from assets.lineage import old_tables
from assets.partitions import backfill_policy, partitions_definition
from changeover.mapping import Assigned, Mapping, Registry
from changeover.settings import NEW_URL
from resources import kind_of, resource_keys

Owners = MappingOf[str, str]
"""Who answers for a domain: an e-mail address, or ``team:name``."""


def table_assets(component: Component, registry: Registry, owners: Owners) -> dg.AssetsDefinition:
    """The assets of a component: one for each target, made by one step."""
    partitions = partitions_definition(component)
    specs = [_spec(target, component, registry, owners) for target in component.targets]
    checks = copy_checks(spec.key for spec in specs)

    @dg.multi_asset(
        name=f"copy_{safe(component.name)}",
        specs=specs,
        check_specs=checks,
        partitions_def=partitions,
        backfill_policy=backfill_policy(),
        required_resource_keys=resource_keys(registry.needed(component.targets)),
        pool=f"old_{safe(component.mappings[0].database)}",
    )
    def copy(context: dg.AssetExecutionContext) -> Iterator[Any]:
        yield from copy_partitions(context, component, registry)
        yield from check_outputs(checks)

    return copy


def _spec(target: str, component: Component, registry: Registry, owners: Owners) -> dg.AssetSpec:
    mappings = registry.of_target(target)
    domain = min(mappings, key=_priority).domain
    kind = kind_of(NEW_URL)
    return dg.AssetSpec(
        new_key(target),
        deps=_deps(target, component, registry),
        group_name=safe(domain) if domain else None,
        description=_description(target, mappings),
        owners=[owners[domain]] if domain in owners else None,
        kinds={"table", *([kind] if kind else [])},
        skippable=True,  # partitions are materialized one by one, and not at all by a range that failed
        metadata={
            "dagster/table_name": target,
            "dagster/column_lineage": column_lineage(mappings),
            "mappings": ", ".join(m.name for m in mappings),
            "ids": ", ".join(sorted({type(m.ids).__name__.lower() for m in mappings})),
        },
    )


def _priority(mapping: Mapping) -> int:
    """Of a merge over several domains, the one whose values win is where people look for the table."""
    return mapping.ids.priority if isinstance(mapping.ids, Assigned) else 0


def _deps(target: str, component: Component, registry: Registry) -> list[dg.AssetDep]:
    """Its old tables, and the target tables whose keys it looks up: any of their partitions may hold a parent."""
    old = {old_key(m.database, table): None for m in registry.of_target(target) for table in old_tables(m)}
    deps = [dg.AssetDep(key) for key in old]
    for parent in registry.parents(target):
        # Tables of one step have the same partitions, and are written together: no more can be said between
        # them.
        inside = parent in component.targets
        deps.append(
            dg.AssetDep(new_key(parent), partition_mapping=None if inside else dg.AllPartitionMapping())
        )
    return deps


def _description(target: str, mappings: tuple[Mapping, ...]) -> str:
    said = [m.description for m in mappings if m.description]
    roots = " and ".join(f"`{m.root_name}`" for m in mappings)
    return "\n\n".join(
        [*said, f"Table `{target}` of the new database, made of {roots}. Each partition is a range of keys."]
    )
