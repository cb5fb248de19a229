"""An old and a new schema on one server, with direct mode between them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from changeover.capture.install import install
from changeover.capture.survey import survey
from changeover.capture.watch import look
from changeover.ledger import metadata
from changeover.mapping import Mapping
from changeover.project import Project
from tests.transfer.rig import Rig, compared, copy, plain_engine

NEW = "fresh"


class OneServer(Rig):
    """Two databases of one MariaDB; or two schemas of one PostgreSQL database, where the new one is called `NEW`."""

    def __init__(self, database: Callable[..., str], kind: str) -> None:
        super().__init__(database, kind, {"shop": kind})
        self.kind = kind
        if kind == "postgres":
            self.new.dispose()
            self.new_url = self.old_urls["shop"]
            self.new = plain_engine(self.new_url)
            metadata.create_all(self.new)
            self.run(self.new, f"CREATE SCHEMA {NEW}")

    def named(self, table: str) -> str:
        """A new table as mappings, and statements on the new database, name it."""
        return f"{NEW}.{table}" if self.kind == "postgres" else table

    def new_rows(self, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
        """A new table's rows, sorted."""
        with self.new.connect() as connection:
            found = connection.exec_driver_sql(f"SELECT {columns} FROM {self.named(table)}").all()
        return sorted((tuple(row) for row in found), key=repr)

    def each(self, *statements: Any) -> None:
        """Run the old application's statements, each in a transaction of its own."""
        for statement in statements:
            self.run(self.old, statement)

    def direct(self, *mappings: Mapping) -> Project:
        """Everything copied and captured."""
        project = self.project(*mappings)
        install(project)
        modes = [str(mode) for mode in self.modes(project)]
        assert [one for one in modes if not one.endswith(": direct")] == []
        assert modes
        copy(project)
        assert look(project, "shop") == []
        return project

    def modes(self, project: Project) -> tuple[Any, ...]:
        """What mode each mapping got that asks for the direct one."""

        with project.old["shop"].engine.connect() as connection:
            seen = survey(project, "shop", connection.execution_options(isolation_level="AUTOCOMMIT"))
        return seen.directs.modes

    @contextmanager
    def held(self, *statements: str) -> Generator[sa.Connection]:
        """A transaction on the new database that stays open: a copier's, or the new application's."""
        with self.new.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
            yield connection
            connection.rollback()


def unequal(project: Project) -> list[Any]:
    """Ranges in which both sides differ."""
    return [one for one in compared(project) if not one.equal]
