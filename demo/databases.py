"""Where the demo's databases are: SQLite files, or a private server that holds all four."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from changeover.dialects import driver_url
from changeover.settings import DEFAULT_WORKERS, NEW_URL, Settings, old_variable
from demo.old import DOMAINS
from demo.servers import MariaDB, PostgreSQL, PrivateServer

SERVERS: dict[str, type[PrivateServer]] = {"mariadb": MariaDB, "postgres": PostgreSQL}


@dataclass(frozen=True)
class Databases:
    """URLs, with passwords in them: of the old databases by name, and of the new one."""

    old: dict[str, str]
    new: str

    def environment(self) -> dict[str, str]:
        """This process's environment with these databases, and no others, in it, and nobody's bucket."""
        foreign = ("CHANGEOVER_", "AWS_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return {**kept, **{old_variable(name): url for name, url in self.old.items()}, NEW_URL: self.new}

    def settings(self, mappings: str) -> Settings:
        """The same for the engine."""
        old = {name: driver_url(url) for name, url in self.old.items()}
        return Settings(old, driver_url(self.new), mappings, DEFAULT_WORKERS)


@contextmanager
def private_databases(kind: str, directory: Path) -> Generator[Databases]:
    """Four empty databases, which are gone afterwards.

    Parameters: ``kind`` is sqlite, mariadb or postgres; ``directory`` is where files go.
    Raises: MissingProgram when the server isn't installed, ServerFailed when it doesn't start.
    """
    if kind == "sqlite":
        yield Databases(
            {name: f"sqlite:///{directory / f'old_{name}.db'}" for name in DOMAINS},
            f"sqlite:///{directory / 'new.db'}",
        )
        return
    with SERVERS[kind]() as server:
        old = {name: server.create_database(f"old_{name}") for name in DOMAINS}
        yield Databases(old, server.create_database("new"))
