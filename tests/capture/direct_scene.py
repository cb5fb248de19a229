"""An old and a new schema on one server, with direct mode between them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from changeover.capture.install import install
from changeover.capture.survey import survey
from changeover.capture.sync import run
from changeover.capture.watch import look
from changeover.mapping import Mapping, OldTable, lookup, narrow, old, value_map
from changeover.project import Project
from tests.ledger_tables import make_ledger
from tests.transfer.rig import Rig, compared, copy, plain_engine

NEW = "fresh"
Sites = Callable[[str], "OneServer"]
item = old("shop", "item")


class OneServer(Rig):
    """Two databases of one MariaDB; or two schemas of one PostgreSQL database, where the new one is called `NEW`."""

    def __init__(self, database: Callable[..., str], kind: str) -> None:
        super().__init__(database, kind, {"shop": kind})
        self.kind = kind
        if kind == "postgres":
            self.new.dispose()
            self.new_url = self.old_urls["shop"]
            self.new = plain_engine(self.new_url)
            make_ledger(self.new)
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
        modes = self.modes(project)
        assert {mode.mode for mode in modes} == {"direct"}, "; ".join(map(str, modes))
        copy(project)
        assert look(project, "shop") == []
        return project

    def modes(self, project: Project) -> tuple[Any, ...]:
        """What mode each mapping got that asks for the direct one."""

        with project.old["shop"].engine.connect() as connection:
            seen = survey(project, "shop", connection.execution_options(isolation_level="AUTOCOMMIT"))
        return seen.directs.modes

    def sync(self, project: Project) -> None:
        """Apply what the outbox holds."""
        deque(run(project, "shop", stop=threading.Event(), once=True), maxlen=0)

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


def items(site: Sites, kind: str) -> OneServer:
    """Two old items, and two owners in the new database."""
    r = site(kind)
    r.run(
        r.old,
        "CREATE TABLE item (no INTEGER PRIMARY KEY, code VARCHAR(10), st CHAR(1), owner INTEGER, at DATE)",
        "INSERT INTO item VALUES (1, 'a', '0', 1, '2020-01-31'), (2, 'b', '1', NULL, NULL)",
    )
    r.run(
        r.new,
        f"CREATE TABLE {r.named('owner')} (id BIGINT PRIMARY KEY, name VARCHAR(10))",
        f"INSERT INTO {r.named('owner')} VALUES (1, 'x'), (2, 'y')",
        f"CREATE TABLE {r.named('thing')} (id BIGINT PRIMARY KEY, a VARCHAR(5), state VARCHAR(10), owner_id BIGINT, at DATE, "
        f"note VARCHAR(20), CONSTRAINT good CHECK (a <> 'bad'), FOREIGN KEY (owner_id) REFERENCES {r.named('owner')} (id))",
    )
    return r


def things(r: OneServer, extra: dict[str, Any] | None = None, **more: Any) -> Mapping:
    """Of each item a thing."""
    columns: dict[str, Any] = {
        "a": narrow(item.code),
        "state": value_map(item.st, {"0": "new", "1": "old"}),
        "owner_id": lookup(r.named("owner"), item.owner, by="id"),
        "at": item.at,
        **(extra or {}),
    }
    return direct(r, "thing", item, columns, **more)


def direct(r: OneServer, target: str, root: OldTable, columns: dict[str, Any], **more: Any) -> Mapping:
    """A mapping that asks for direct mode, and accepts what that means on MariaDB."""
    accepted: dict[str, Any] = {"old_writes_may_fail": r.kind == "mariadb", **more}
    return Mapping(r.named(target), root, columns, mode="direct", **accepted)
