"""The old tables that mappings read, as external assets: where the lineage of every migrated table begins."""

from __future__ import annotations

import dagster as dg

from assets.keys import old_key, safe
from assets.lineage import old_tables
from changeover.mapping import Registry
from changeover.settings import old_variable
from resources import kind_of


def legacy_assets(registry: Registry) -> list[dg.AssetSpec]:
    """One external asset for each old table, grouped by database."""
    found: dict[tuple[str, str], list[str]] = {}
    for mapping in registry.mappings:
        for table in old_tables(mapping):
            targets = found.setdefault((mapping.database, table), [])
            if mapping.target not in targets:
                targets.append(mapping.target)
    return [_spec(database, table, targets) for (database, table), targets in sorted(found.items())]


def _spec(database: str, table: str, targets: list[str]) -> dg.AssetSpec:
    kind = kind_of(old_variable(database))
    return dg.AssetSpec(
        old_key(database, table),
        group_name=f"old_{safe(database)}",
        description=f"Table `{table}` of the old database `{database}`, which the old version of the service writes. "
        f"Read for: {', '.join(f'`{target}`' for target in targets)}.",
        kinds={"table", *([kind] if kind else [])},
        metadata={"dagster/table_name": f"{database}.{table}"},
    )
