"""Where it is measured: private servers, a filled old database, an empty new one, and the program between them."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Literal

import sqlalchemy as sa

from bench import fill, mappings, processors
from bench.tables import NEW
from changeover.dialects import driver_url, of
from changeover.ledger.tables import metadata
from changeover.mapping import Registry
from changeover.planning import plan
from changeover.project import Project
from changeover.transfer import backfill
from demo.servers import MariaDB, PostgreSQL, PrivateServer

Database = Literal["mariadb", "postgres", "sqlite"]

MEMORY_MB = 1536
"""Page cache: what is measured fits in it, so that no disk is measured."""

LOG = {"mariadb": ["--innodb-log-file-size=1G"], "postgres": ["-c", "max_wal_size=4GB"]}
"""Room for what is written between two checkpoints. With the defaults, which are for small machines, a bulk statement waits for
pages to be written to the disk."""

POOL = 6


@dataclass
class Site:
    """The servers of one run, started when first asked for. Parameters: ``rows`` of the coupon table."""

    rows: int
    stack: ExitStack
    servers: dict[Database, PrivateServer] = field(default_factory=dict[Database, PrivateServer])
    _durable: dict[Database, PrivateServer] = field(default_factory=dict[Database, PrivateServer])
    _old: dict[Database, str] = field(default_factory=dict[Database, str])
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @cached_property
    def folder(self) -> Path:
        """A folder for SQLite's files."""
        return Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="changeover-bench-")))

    def server(self, kind: Database) -> PrivateServer:
        """A private server, running."""
        if kind not in self.servers:
            made: PrivateServer = PostgreSQL(LOG["postgres"], memory_mb=MEMORY_MB)
            if kind == "mariadb":
                made = MariaDB(["--local-infile=1", *LOG["mariadb"]], memory_mb=MEMORY_MB)
            self.servers[kind] = self.stack.enter_context(made)
        return self.servers[kind]

    def durable(self, kind: Database) -> PrivateServer:
        """Another server, which flushes each commit to the disk, as one does that an application relies on."""
        if kind not in self._durable:
            made = (
                MariaDB(LOG["mariadb"], memory_mb=MEMORY_MB, durable=True)
                if kind == "mariadb"
                else PostgreSQL(LOG["postgres"], memory_mb=MEMORY_MB, durable=True)
            )
            self._durable[kind] = self.stack.enter_context(made)
        return self._durable[kind]

    def cpu(self) -> float:
        """Seconds of processors that this process and its servers have spent."""
        return processors.spent(self.servers.values())

    def old(self, kind: Database) -> str:
        """The URL of an old database with its members and coupons, made once."""
        if kind not in self._old:
            url = self._create(kind, "old_shop")
            with engine(url) as made:
                fill.fill(made, self.rows)
            self._old[kind] = url
        return self._old[kind]

    @contextmanager
    def another_old(self, kind: Database, rows: int, *, durable: bool = False) -> Generator[str]:
        """The URL of an old database that is written to, and gone afterwards."""
        name = f"old_shop_{next(self._numbers)}"
        url = self.durable(kind).create_database(name) if durable else self._create(kind, name)
        try:
            with engine(url) as made:
                fill.fill(made, rows)
            yield url
        finally:
            if durable:
                self.durable(kind).drop_database(name)
            else:
                self._drop(kind, name)

    @contextmanager
    def new(self, kind: Database) -> Generator[str]:
        """The URL of a new database with empty tables."""
        name = f"new_{next(self._numbers)}"
        url = self._create(kind, name)
        try:
            with engine(url) as made:
                NEW.create_all(made)
                metadata.create_all(made)
            yield url
        finally:
            self._drop(kind, name)

    @contextmanager
    def empty(self, kind: Database) -> Generator[str]:
        """The URL of a database without tables."""
        name = f"empty_{next(self._numbers)}"
        try:
            yield self._create(kind, name)
        finally:
            self._drop(kind, name)

    @contextmanager
    def move(self, old: Database, new: Database, rows_per_range: int | None = None) -> Generator[Project]:
        """A project from ``old`` to an empty ``new``: members moved, coupons planned."""
        with self.new(new) as url, project(self.old(old), url) as opened:
            plan(opened, mappings.MEMBERS)
            for done in backfill(opened, mappings.MEMBERS):
                if done.error or done.rejects_open:
                    raise RuntimeError(done.error or "members were rejected")
            fill.settle(opened.new.engine, NEW.tables["member"], metadata.tables["changeover_id_map"])
            plan(opened, mappings.COUPONS, rows_per_range)
            yield opened

    def _create(self, kind: Database, name: str) -> str:
        return (
            f"sqlite:///{self.folder / name}.db"
            if kind == "sqlite"
            else self.server(kind).create_database(name)
        )

    def _drop(self, kind: Database, name: str) -> None:
        if kind != "sqlite":
            self.server(kind).drop_database(name)
            return
        for file in self.folder.glob(f"{name}.db*"):
            file.unlink()


@contextmanager
def site(rows: int) -> Generator[Site]:
    """The servers of a run; they are gone when it ends."""
    with ExitStack() as stack:
        yield Site(rows, stack)


@contextmanager
def engine(url: str) -> Generator[sa.Engine]:
    """A plain engine, for all that is not the measured program's own."""
    made = sa.create_engine(driver_url(url))
    try:
        yield made
    finally:
        made.dispose()


def project(old: str, new: str, registry: Registry = mappings.REGISTRY) -> Project:
    """The program that is measured, between two databases."""
    sides = driver_url(old), driver_url(new)
    engines = of(sides[0]).engine(sides[0], "old", POOL), of(sides[1]).engine(sides[1], "new", POOL)
    return Project(registry, {"shop": engines[0]}, engines[1])
