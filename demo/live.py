"""`LIVE=1`: the old applications go on writing while their tables are copied, and live sync carries it over.

What is started here is what a user starts: `changeover sync install` does the same as `install_outboxes`, and the live syncs are
runs of Dagster that sensors keep alive. Only the traffic is the demo's own.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from changeover.capture import outbox
from changeover.capture.install import install
from changeover.cli.output import count, duration, number
from changeover.ledger.capture import captured
from changeover.ledger.image_status import rows_waiting
from changeover.ledger.kept import live_syncs
from changeover.ledger.sync import SyncState
from changeover.project import Project
from changeover.transfer.reapply import open_retried
from demo.databases import Databases
from demo.processes import Processes
from pipelines.live_sync import job_name
from pipelines.move_waiting_images import JOB as MOVE_WAITING

PATIENCE = 300.0
"""Seconds after the last change, within which live sync must have caught up."""
AS_LONG_AS_IT_TAKES = 7 * 86_400


def install_outboxes(project: Project, say: Callable[[str], None]) -> None:
    """Triggers on every table that is read, before the first of its rows is."""
    install(project)
    with project.reading() as connection:
        tables = captured(connection)
    per_database = Counter(one.database for one in tables if one.state == "installed")
    listed = ", ".join(f"{number(tables, 'table')} of {name}" for name, tables in per_database.items())
    say(f"outboxes and triggers installed: {listed}")


def sensors(project: Project) -> list[str]:
    """Those that keep the live syncs alive, and move the images of new rows."""
    return [*(f"keep_{job_name(database)}" for database in project.old), f"keep_{MOVE_WAITING}"]


@dataclass
class Traffic:
    """The old applications, each a process that changes its database until it is stopped.

    Parameters: ``rate`` changed rows a second, of all applications together.
    """

    processes: Processes
    databases: Databases
    rate: float
    began: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        """Let them write."""
        each = self.rate / len(self.databases.old)
        for seed, (domain, url) in enumerate(self.databases.old.items()):
            wanted = ["--database", url, "--domain", domain, "--rate", str(each), "--seed", str(seed)]
            self.processes.start(
                _name(domain),
                ["-m", "demo.traffic", *wanted, "--seconds", str(AS_LONG_AS_IT_TAKES)],
                self.databases.environment(),
            )
        self.began = time.monotonic()

    def check(self) -> None:
        """Raises ProcessFailed when one has ended."""
        self.processes.check_alive(*map(_name, self.databases.old))

    def stop(self) -> str:
        """End them after their open transactions. Returns what they did, in words. Raises ProcessFailed."""
        done: Counter[str] = Counter()
        for domain in self.databases.old:
            told = json.loads(self.processes.stop(_name(domain)).strip().splitlines()[-1])
            done.update(told["committed"])
        seconds = time.monotonic() - self.began
        kinds = ", ".join(
            number(done[kind], what)
            for kind, what in (
                ("insert", "insert"),
                ("update", "update"),
                ("delete", "delete"),
                ("key_change", "changed key"),
            )
        )
        return (
            f"the old applications changed {number(done.total(), 'row')} in {duration(seconds)} "
            f"({count(done.total() / seconds)}/s): {kinds}"
        )


@dataclass
class Lag:
    """The live syncs as they were last seen, and the worst of what was seen."""

    syncs: Sequence[SyncState] = ()
    keys: int = 0
    seconds: float = 0.0

    def look(self, connection: sa.Connection) -> None:
        """Ask the ledger."""
        self.syncs = tuple(live_syncs(connection).values())
        self.keys = max((self.keys, *(sync.lag_keys for sync in self.syncs)))
        self.seconds = max((self.seconds, *(sync.lag_seconds for sync in self.syncs)))

    def words(self) -> str:
        """The worst, in words."""
        return f"live sync was at most {number(self.keys, 'change')} and {duration(self.seconds)} behind"


def left_to_apply(project: Project) -> str:
    """What live sync has yet to do once nobody writes, in words; nothing when the new side is up with the old one."""
    found: list[str] = []
    for name in project.old:
        with project.capturing(name).connect() as connection:
            waiting = outbox.waiting(connection.execution_options(isolation_level="AUTOCOMMIT"))
        if waiting:
            found.append(
                f"{number(sum(lag.keys for lag in waiting.values()), 'change')} in the outbox of {name}"
            )
    for move in project.moves.values():
        rows = sum(open_retried(project, bound) for bound in move.bounds)
        if rows:
            found.append(f"{number(rows, 'row')} of {move.root} that wait for others")
    with project.reading() as connection:
        waiting_rows = {one.target: one.waiting for one in rows_waiting(connection) if one.waiting}
    found += [
        f"{number(rows, 'row')} of {target} that wait for images" for target, rows in waiting_rows.items()
    ]
    return ", ".join(found)


def _name(domain: str) -> str:
    return f"traffic-{domain}"
