"""Which partitions are to be resynced: one run for each finding, and another if that one was lost, failed or left some of it.

What the last run came to is Dagster's to know, by the tag that names the finding. A run that is queued or running is waited for;
after one that ended while the finding stayed open, there is another some minutes later, up to a bounded number of them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import dagster as dg

from assets.component import Component
from changeover.binding import Bound
from changeover.ledger.drift import counted, digest, findings
from changeover.ledger.ranges import ranges_of
from changeover.ledger.whole import WHOLE, WHOLE_TABLE
from changeover.project import Project
from pipelines.resync_drift import JOB, OP

FINDING = "changeover/finding"
"""The tag of a run that holds the finding's digest."""
ATTEMPTS = 4
MINUTES_BETWEEN = 5
"""After the first attempt; twice as many after each further one."""


def mending(
    project: Project, component: Component, instance: dg.DagsterInstance
) -> tuple[list[dg.RunRequest], list[str]]:
    """A run for each partition with open findings that are to be mended, and what there is to say of the others."""
    runs: list[dg.RunRequest] = []
    said: list[str] = []
    for root in component.roots:
        bounds = [b for b in project.move(root).bounds if b.mapping.on_drift == "mend"]
        for no, name, told in _open(project, root, bounds):
            ended = instance.get_run_records(dg.RunsFilter(job_name=JOB, tags={FINDING: told}))
            why = _waits(ended)
            if why:
                said.append(f"{root} {name}: {why}")
                continue
            runs.append(
                dg.RunRequest(
                    run_key=f"{root} {no} {told}" + (f" {len(ended) + 1}" if ended else ""),
                    run_config={"ops": {OP: {"config": {"root": root, "ranges": [name]}}}},
                    tags={
                        "changeover/root": root,
                        "changeover/range": name,
                        FINDING: told,
                        "changeover/attempt": str(len(ended) + 1),
                    },
                )
            )
            if ended:
                said.append(
                    f"{root} {name}: attempt {len(ended) + 1} of {ATTEMPTS}, since run {ended[0].dagster_run.run_id} "
                    f"ended ({ended[0].dagster_run.status.value.lower()}) and rows still differ"
                )
    return runs, said


def _open(project: Project, root: str, bounds: list[Bound]) -> list[tuple[int, str, str]]:
    """By range, its number, its name, and the digest of its open findings."""
    with project.reading() as connection:
        numbers = {one.range_no for bound in bounds for one in counted(connection, bound.id)}
        names = {found.no: found.name for found in ranges_of(connection, root)} if numbers else {}
        names[WHOLE] = WHOLE_TABLE
        found: list[tuple[int, str, str]] = []
        for no in sorted(numbers):
            mine = [
                one
                for bound in bounds
                for one in findings(connection, mapping_id=bound.id, range_no=no, more=True)
            ]
            told = digest(mine)
            if told is not None:
                found.append((no, names[no], told))
    return found


def _waits(ended: Sequence[dg.RunRecord]) -> str:
    """Why there is no run for a finding now; empty where there is to be one. ``ended`` are its runs, the last one first."""
    if not ended:
        return ""
    last = ended[0]
    if not last.dagster_run.is_finished:
        return f"run {last.dagster_run.run_id} mends it"
    if len(ended) >= ATTEMPTS:
        return f"{ATTEMPTS} runs left rows that differ, the last one {last.dagster_run.run_id}: look into it"
    pause = 60 * MINUTES_BETWEEN * 2 ** (len(ended) - 1)
    left = (last.end_time or last.update_timestamp.timestamp()) + pause - time.time()
    return f"another attempt in {left:.0f} s" if left > 0 else ""
