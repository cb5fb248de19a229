"""A seeded run of everything that can go wrong, around a live migration of the samples on one server.

Programs run as a user runs them, each a process of its own: traffic on three old databases, a live sync and a backfill for each.
Whatever ends is started again, as a supervisor does. Meanwhile processes are killed with SIGKILL, connections are cut and the
server is restarted, at moments that the seed chooses. Then the traffic stops, and what is left to do is done in peace.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import exc

from changeover.capture import outbox
from changeover.ledger import capture as ledger_capture
from changeover.ledger.ranges import ranges_of
from changeover.ledger.rejects import RejectRow, open_rejects
from changeover.project import Project
from changeover.settings import NEW_URL, old_variable
from demo.old import DOMAINS
from demo.servers import PrivateServer
from tests.demo.migrated import ROOT

PATIENCE = 240.0
"""Seconds after which the quiet time must have brought both sides together."""


@dataclass
class Program:
    """A program that is kept running. ``number`` counts how often it was started."""

    name: str
    arguments: list[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    number: int = 0
    codes: list[int] = field(default_factory=list[int])
    folder: Path = ROOT

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self, environment: dict[str, str]) -> None:
        """Start it (again). ``{n}`` in its arguments is the number of the start."""
        self.number += 1
        arguments = [one.replace("{n}", str(self.number)) for one in self.arguments]
        with self.log.open("ab") as log:
            log.write(f"--- start {self.number}: {' '.join(arguments)}\n".encode())
            log.flush()
            self.process = subprocess.Popen(
                [sys.executable, *arguments], cwd=self.folder, env=environment, stdout=log, stderr=log
            )

    def ended(self) -> bool:
        """Whether it has ended by itself since it was last asked."""
        if self.process is None or self.process.poll() is None:
            return False
        self.codes.append(self.process.returncode)
        self.process = None
        return True

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, and with SIGKILL wait until it is gone."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            if number == signal.SIGKILL:
                self.process.wait()


CLI = ["-c", "from changeover.cli import app; app()"]


class Chaos:
    """The programs of a run, and what is done to them."""

    def __init__(
        self, server: PrivateServer, project: Project, directory: Path, seed: int, rate: float
    ) -> None:
        self.server, self.project, self.directory = server, project, directory
        self.rng = random.Random(seed)
        self.happened: Counter[str] = Counter()
        urls = {name: _url(project.old[name].engine) for name in DOMAINS}
        new = _url(project.new.engine)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CHANGEOVER_")}
        self.environment = {**kept, **{old_variable(n): url for n, url in urls.items()}, NEW_URL: new}
        self.programs = {
            **{f"sync {n}": self._program(f"sync {n}", [*CLI, "sync", "run", n]) for n in DOMAINS},
            **{
                f"backfill {n}": self._program(f"backfill {n}", [*CLI, "backfill", n, "--again"])
                for n in DOMAINS
            },
            **{f"traffic {n}": self._traffic(n, urls[n], seed, rate / len(DOMAINS)) for n in DOMAINS},
        }

    def rage(self, seconds: float) -> None:
        """Everything at once."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            self._keep(self.programs)
            time.sleep(0.2 + self.rng.random() * 1.5)
            self._strike()

    def calm_down(self) -> None:
        """The traffic ends as it is told to, the backfills in the middle of what they do."""
        self.server.start()
        for name in DOMAINS:
            self.programs[f"traffic {name}"].signal(signal.SIGTERM)
            self.programs[f"backfill {name}"].signal(signal.SIGKILL)
        for name in DOMAINS:
            traffic = self.programs[f"traffic {name}"]
            if traffic.process is not None:
                traffic.process.wait(60)
                traffic.ended()
            # What a killed one left open, it finishes.
            backfill = self.programs[f"backfill {name}"]
            backfill.ended()
            backfill.arguments = [*CLI, "backfill", name]

    def settle(self) -> None:
        """Let live sync and backfills do what is left. Returns when the outboxes are empty, and all ranges and rows are in."""
        deadline, left = time.monotonic() + PATIENCE, "nothing was looked at"
        pending = set(DOMAINS)
        while time.monotonic() < deadline:
            self._keep({name: p for name, p in self.programs.items() if name.startswith("sync")})
            for name in sorted(pending):
                backfill = self.programs[f"backfill {name}"]
                if backfill.ended() and self._ranges_done(name):
                    pending.discard(name)
                elif not backfill.running:
                    backfill.start(self.environment)
            left = self._left(pending)
            if not left:
                return
            time.sleep(0.5)
        raise AssertionError(f"not settled after {PATIENCE:.0f} s: {left}; logs are in {self.directory}")

    def rejects(self) -> list[RejectRow]:
        """Open rejects."""
        with self.project.reading() as connection:
            return open_rejects(connection, limit=1_000)

    def broken(self) -> list[str]:
        """Tables whose capture is no longer trusted, with the reason."""
        with self.project.reading() as connection:
            return [
                f"{c.table}: {c.reason}"
                for c in ledger_capture.captured(connection)
                if c.state != "installed"
            ]

    def close(self) -> None:
        """End all programs."""
        for program in self.programs.values():
            program.signal(signal.SIGKILL)

    def _program(self, name: str, arguments: list[str]) -> Program:
        return Program(name, arguments, self.directory / f"{name.replace(' ', '-')}.log")

    def _traffic(self, domain: str, url: str, seed: int, rate: float) -> Program:
        wanted = ["--database", url, "--domain", domain, "--rate", str(rate), "--seed", f"{seed}{{n}}"]
        return self._program(f"traffic {domain}", ["-m", "demo.traffic", *wanted, "--seconds", "3600"])

    def _keep(self, programs: dict[str, Program]) -> None:
        for program in programs.values():
            if program.ended() or not program.running:
                program.start(self.environment)

    def _strike(self) -> None:
        what = self.rng.choices(("kill", "cut", "restart"), (10, 4, 1))[0]
        self.happened[what] += 1
        if what == "kill":
            self.programs[self.rng.choice(sorted(self.programs))].signal(signal.SIGKILL)
        elif what == "cut":
            with contextlib.suppress(exc.DBAPIError):
                self._cut()
        elif self.rng.random() < 0.5:
            self.server.restart()
        else:
            self.server.kill()
            self.server.start()

    def _cut(self) -> None:
        """End half of all connections, in the middle of whatever they do."""
        engine = sa.create_engine(self.server.url(), poolclass=sa.pool.NullPool, isolation_level="AUTOCOMMIT")
        postgres = engine.dialect.name == "postgresql"
        others = (
            "SELECT pid FROM pg_stat_activity WHERE datname IS NOT NULL AND pid <> pg_backend_pid() ORDER BY pid"
            if postgres
            else "SELECT id FROM information_schema.processlist WHERE db IS NOT NULL AND id <> CONNECTION_ID() ORDER BY id"
        )
        with engine.connect() as connection:
            for number in connection.exec_driver_sql(others).scalars().all():
                if self.rng.random() < 0.5:
                    cut = f"SELECT pg_terminate_backend({number})" if postgres else f"KILL {number}"
                    with contextlib.suppress(exc.DBAPIError):
                        connection.exec_driver_sql(cut)

    def _ranges_done(self, domain: str) -> bool:
        roots = [move.root for move in self.project.moves.values() if move.database == domain]
        with self.project.reading() as connection:
            return all(r.status == "done" for root in roots for r in ranges_of(connection, root))

    def _left(self, pending: set[str]) -> str:
        """What is still to be done, in words; nothing when all is."""
        found = [f"backfill of {name}" for name in sorted(pending)]
        for name in DOMAINS:
            with self.project.old[name].engine.connect() as connection:
                waiting = connection.execute(
                    sa.select(sa.func.count()).select_from(outbox.outbox)
                ).scalar_one()
            if waiting:
                found.append(f"{waiting} entries in the outbox of {name}")
        if rejects := self.rejects():
            kinds = Counter((reject.mapping, reject.kind) for reject in rejects)
            found.append(f"rejects {dict(kinds)}, the first: {rejects[0]}")
        return "; ".join(found)


def _url(engine: sa.Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


@contextlib.contextmanager
def chaos(
    server: PrivateServer, project: Project, directory: Path, seed: int, rate: float
) -> Generator[Chaos]:
    """A run whose programs are gone afterwards. Their logs are in ``directory``."""
    made = Chaos(server, project, directory, seed, rate)
    try:
        yield made
    finally:
        made.close()
