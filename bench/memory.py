"""Memory of a worker process: it must not depend on how much it copies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass

from bench.figure import Figure
from bench.site import Database, Site
from bench.tables import new_coupon

PARTS = 10
"""The small copy is a tenth of the large one, in as many ranges as it takes for two workers: one large range holds several."""

RANGES = 2 * PARTS
GROWTH, MOST_MB = 1.1, 250.0


@dataclass(frozen=True)
class Worker:
    """What a worker process said of itself: rows, seconds, peak memory in MB."""

    rows: int
    seconds: float
    peak: float


def memory(site: Site, kind: Database) -> list[Figure]:
    """Peaks of processes that copy a tenth, and the whole, of the coupon table."""
    group = "memory"
    figures: list[Figure] = []
    with site.move(kind, kind, rows_per_range=max(site.rows // RANGES, 1)) as project:
        urls = site.old(kind), project.new.engine.url.render_as_string(hide_password=False)
        for work, title in (("backfill", "engine"), ("dagster", "Dagster run")):
            peaks: list[Worker] = []
            for count in (RANGES // PARTS, 0):
                with project.new.engine.begin() as connection:
                    connection.execute(new_coupon.delete())
                peaks.append(run(work, count, *urls))
            small, large = peaks
            figures += [
                Figure(group, f"{title}: {small.rows:,} rows", small.peak, "MB"),
                Figure(group, f"{title}: {large.rows:,} rows", large.peak, "MB", "at most", MOST_MB),
                Figure(group, f"{title}: large / small", large.peak / small.peak, "", "at most", GROWTH),
                Figure(group, f"{title}: all rows", large.rows / large.seconds / 1000, "thousand rows/s"),
            ]
    return figures


def run(work: str, count: int, old: str, new: str) -> Worker:
    """A worker process. Raises RuntimeError with the last it said when it fails."""
    environment = {
        **os.environ,
        "CHANGEOVER_OLD_SHOP_URL": old,
        "CHANGEOVER_NEW_URL": new,
        "PYTHON_DOTENV_DISABLED": "1",
    }
    command = [sys.executable, "-m", "bench.worker", work, str(count)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"bench.worker {work} failed:\n{done.stderr[-4000:]}")
    said = json.loads(done.stdout.splitlines()[-1])
    return Worker(said["rows"], said["seconds"], said["peak"])
