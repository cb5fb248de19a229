"""A worker process of its own, which says how much memory it took at most: `python -m bench.worker backfill 2`.

The databases come from the environment, as any worker's do. It prints one JSON object.
"""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable
from pathlib import Path

from bench import mappings
from changeover.capture import sync
from changeover.ledger.ranges import KeyRange, ranges_of
from changeover.planning import plan
from changeover.project import Project
from changeover.settings import Settings
from changeover.transfer import backfill


def main(work: str, count: int) -> None:
    """Plan the coupons, or copy the first ``count`` of their ranges (all of them for 0), by the engine or in a Dagster run; or
    apply what changes until SIGTERM.
    """
    kinds: dict[str, Callable[[int], int]] = {
        "plan": _plan,
        "backfill": _backfill,
        "dagster": _dagster,
        "sync": _sync,
    }
    began = time.perf_counter()
    rows = kinds[work](count)
    took = time.perf_counter() - began
    print(json.dumps({"rows": rows, "seconds": took, "peak": _peak()}))


def _peak() -> float:
    """The most memory that this program has had at a time, in MB; what its parent had is not counted."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def _project() -> Project:
    return Project.open(mappings.REGISTRY, Settings.from_environment("bench"))


def _plan(count: int) -> int:
    del count
    with _project() as opened:
        return sum(found.rows_planned for found in plan(opened, mappings.COUPONS))


def _backfill(count: int) -> int:
    with _project() as opened:
        rows = 0
        for done in backfill(opened, mappings.COUPONS, _names(opened, count)):
            if done.error or done.rejects_open:
                raise RuntimeError(done.error or "rows were rejected")
            rows += done.range.rows_read
        return rows


def _sync(count: int) -> int:
    del count
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with _project() as opened:
        deque(sync.run(opened, "shop", stop=stop), maxlen=0)
    return 0


def _dagster(count: int) -> int:
    """The body of a run, as a run worker executes it."""
    import dagster as dg

    from assets.component import components
    from assets.keys import new_key
    from assets.partitions import partitions_name
    from pipelines.project import definitions

    warnings.simplefilter("ignore")
    with _project() as opened:
        names = _names(opened, count)
        planned = {r.name: r.rows_planned for r in _ranges(opened)}
    asset = definitions(mappings.REGISTRY).get_repository_def().assets_defs_by_key[new_key("coupon")]
    component = next(c for c in components(mappings.REGISTRY) if "coupon" in c.targets)
    with tempfile.TemporaryDirectory() as folder, dg.DagsterInstance.local_temp(folder) as instance:
        instance.add_dynamic_partitions(partitions_name(component), names)
        tags = {
            "dagster/asset_partition_range_start": names[0],
            "dagster/asset_partition_range_end": names[-1],
        }
        if not dg.materialize([asset], instance=instance, tags=tags).success:
            raise RuntimeError("the run failed")
    return sum(planned[name] for name in names)


def _ranges(opened: Project) -> list[KeyRange]:
    with opened.new.engine.connect() as connection:
        return ranges_of(connection, mappings.COUPONS)


def _names(opened: Project, count: int) -> list[str]:
    names = [found.name for found in _ranges(opened)]
    return names[:count] if count else names


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
