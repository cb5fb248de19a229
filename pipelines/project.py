"""A project's mappings, put together as Dagster definitions."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping as MappingOf
from pathlib import Path

import dagster as dg

from assets.component import components
from assets.image_set import galleries, image_set_asset
from assets.legacy import legacy_assets
from assets.table import table_assets
from changeover.mapping import Registry
from pipelines.alert import alert
from pipelines.find_drift import find_drift
from pipelines.live_sync import keep_live_sync, live_sync
from pipelines.move_waiting_images import keep_images_moving, move_waiting_images, needed_for
from pipelines.plan_new_ranges import plan_new_ranges
from pipelines.plan_tables import plan_tables
from pipelines.resync_drift import resync_drift
from pipelines.retry_rejects import retry_rejects
from pipelines.sweep_tables import sweep_schedule, sweep_tables
from pipelines.verify_tables import schedules, verification, verify_tables
from resources import IMAGES, ImageBucket, resources_for

SENSORS = "CHANGEOVER_SENSORS"
"""``on`` where sensors are to run: in production, and nowhere that the code is loaded by chance."""


def owners_of(package: str, registry: Registry) -> dict[str, str]:
    """Who answers for each domain: the ``OWNER`` in its ``__init__.py``, an e-mail address or ``team:name``.

    Parameters: ``package`` is what the mappings were loaded from.
    """
    found: dict[str, str] = {}
    for domain in {mapping.domain for mapping in registry.mappings}:
        module = sys.modules.get(f"{Path(package).name}.{domain}")
        if owner := getattr(module, "OWNER", None):
            found[domain] = str(owner)
    return found


def definitions(registry: Registry, owners: MappingOf[str, str] | None = None) -> dg.Definitions:
    """Everything that Dagster loads for these mappings. Connects to nothing.

    Parameters: ``owners`` who answers for a domain: an e-mail address, or ``team:name``.
    """
    steps = components(registry)
    verifications = [verification(step, registry) for step in steps]
    verified, mended = verify_tables(verifications), resync_drift(registry)
    running = os.environ.get(SENSORS, "").lower() == "on"
    syncs = {database: live_sync(registry, database) for database in registry.databases}
    swept = sweep_tables(registry)
    shown = galleries(steps)
    pictured = needed_for(registry)
    moving = move_waiting_images(pictured) if pictured else None
    return dg.Definitions(
        assets=[
            *legacy_assets(registry),
            *(table_assets(step, registry, owners or {}) for step in steps),
            *(image_set_asset(one, registry, owners or {}) for one in shown),
        ],
        asset_checks=verifications,
        jobs=[
            plan_tables(registry),
            retry_rejects(registry),
            verified,
            mended,
            *syncs.values(),
            *([swept] if swept else []),
            *([moving] if moving else []),
        ],
        schedules=[*schedules(verified, steps), *([sweep_schedule(swept)] if swept else [])],
        sensors=[
            plan_new_ranges(registry, running=running),
            find_drift(registry, mended),
            alert(running=running),
            *(keep_live_sync(registry, database, job, running=running) for database, job in syncs.items()),
            *([keep_images_moving(pictured, moving, running=running)] if pictured and moving else []),
        ],
        resources={**resources_for(registry.databases), **({IMAGES: ImageBucket()} if shown else {})},
        # A run is one step: a process of its own for it would cost 1.3 to 2.5 s and give nothing.
        executor=dg.in_process_executor,
    )
