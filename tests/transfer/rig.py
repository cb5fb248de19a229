"""Old and new databases with the ledger in place, and the engine as its front doors use it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from changeover.dialects import driver_url, of
from changeover.ledger.rejects import RejectRow, open_rejects
from changeover.mapping import Mapping, Registry
from changeover.planning import plan
from changeover.project import Project
from changeover.transfer import RangeCompared, RangeDone, backfill, compare
from tests.ledger_tables import make_ledger

KINDS = ("mariadb", "postgres", "sqlite")
PAIRS = [(old, new) for old in KINDS for new in KINDS]
SHORT_PAIRS = [*((kind, kind) for kind in KINDS), ("mariadb", "postgres"), ("sqlite", "mariadb")]
"""Every dialect on both sides, and two crossings; the other pairs are `long`."""


class Rig:
    """Some old databases and a new one. Statements of tests go through plain engines, as applications' do."""

    def __init__(
        self, database: Callable[..., str], new: str, olds: dict[str, str], workers: int = 2
    ) -> None:
        self.workers = workers
        self.old_urls = {name: driver_url(database(kind, f"old_{name}")) for name, kind in olds.items()}
        self.new_url = driver_url(database(new, "new"))
        self.olds = {name: plain_engine(url) for name, url in self.old_urls.items()}
        self.new = plain_engine(self.new_url)
        self.projects: list[Project] = []
        make_ledger(self.new)

    @property
    def old(self) -> sa.Engine:
        """The only old database."""
        (engine,) = self.olds.values()
        return engine

    def project(self, *mappings: Mapping) -> Project:
        """A project with these mappings, on connections of its own."""
        olds = {name: of(url).engine(url, "old", 6) for name, url in self.old_urls.items()}
        made = Project(
            Registry(mappings), olds, of(self.new_url).engine(self.new_url, "new", 6), self.workers
        )
        self.projects.append(made)
        return made

    def rows(self, table: sa.Table | str, *columns: str) -> list[tuple[Any, ...]]:
        """A new table's rows, sorted."""
        return self.rows_of(self.new, table, *columns)

    def rows_of(self, engine: sa.Engine, table: sa.Table | str, *columns: str) -> list[tuple[Any, ...]]:
        """A table's rows, sorted."""
        if isinstance(table, str):
            table = sa.Table(table, sa.MetaData(), autoload_with=engine)
        statement = sa.select(*(table.c[name] for name in columns)) if columns else sa.select(table)
        with engine.connect() as connection:
            return sorted((tuple(row) for row in connection.execute(statement)), key=repr)

    def rejects(self) -> list[RejectRow]:
        """All open rejects."""
        with self.new.connect() as connection:
            return open_rejects(connection, limit=100_000)

    def reject_keys(self) -> dict[str, str]:
        """Root key to kind of reject."""
        return {row.root_key: row.kind for row in self.rejects()}

    def run(self, engine: sa.Engine, *statements: Any) -> None:
        """Run statements in a transaction."""
        with engine.begin() as connection:
            for statement in statements:
                if isinstance(statement, str):
                    connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
                else:
                    connection.execute(statement)

    def close(self) -> None:
        for project in self.projects:
            project.close()
        for engine in (*self.olds.values(), self.new):
            engine.dispose()


def plain_engine(url: sa.URL) -> sa.Engine:
    """An application's engine: MariaDB takes zero dates, as it does by default."""
    mysql = {"charset": "utf8mb4", "sql_mode": "NO_AUTO_VALUE_ON_ZERO"}
    return sa.create_engine(url, connect_args=mysql if url.get_backend_name() == "mysql" else {})


@contextmanager
def rigged(database: Callable[..., str]) -> Generator[Callable[..., Rig], None, None]:
    """Makes rigs: `make(new="sqlite", shop="mariadb")` has an old database named shop."""
    made: list[Rig] = []

    def make(new: str, workers: int = 2, **olds: str) -> Rig:
        made.append(Rig(database, new, olds or {"shop": new}, workers))
        return made[-1]

    try:
        yield make
    finally:
        for one in made:
            one.close()


def copy(project: Project, *roots: str, rows_per_range: int | None = None, **options: Any) -> list[RangeDone]:
    """Plan and copy, parents first; the ranges' ends in order."""
    found: list[RangeDone] = []
    for root in roots or tuple(project.moves):
        plan(project, root, rows_per_range=rows_per_range)
        found.extend(sorted(backfill(project, root, **options), key=lambda done: done.range.no))
    # Of every kind of mapping, on every walk: no row is lost on the way, and none counted twice.
    assert [one.range for one in found if one.range.accounted != one.range.due] == []
    return found


def counts(done: Sequence[RangeDone], *names: str) -> tuple[int, ...]:
    """Sums over ranges."""
    return tuple(
        sum(getattr(one.range, name) for one in done)
        for name in names or ("inserted", "updated", "deleted", "rejected")
    )


def compared(project: Project) -> list[RangeCompared]:
    """All ranges compared."""
    return [one for root in project.moves for one in compare(project, root)]


def assert_settled(project: Project, done: Sequence[RangeDone]) -> None:
    """No range failed, old and new compare equal, and running everything again changes nothing."""
    assert [one.error for one in done if one.error] == []
    unequal = [one for one in compared(project) if not one.equal]
    assert unequal == []
    again = copy(project)
    assert [one.error for one in again if one.error] == []
    assert counts(again, "inserted", "updated", "deleted") == (0, 0, 0)
