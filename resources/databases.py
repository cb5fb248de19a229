"""One resource a database. Its connections are closed when the run or the tick ends."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Any

import dagster as dg
import sqlalchemy as sa
from pydantic import PrivateAttr
from sqlalchemy.exc import ArgumentError

from changeover.dialects import Side, of
from changeover.settings import DEFAULT_WORKERS, NEW_URL, WORKERS, new_url, old_url, old_variable

SPARE_CONNECTIONS = 2
"""Beyond one a worker: for the ledger, and for work that must not be in a chunk's transaction."""

NEW = "new_database"
"""The resource key of the new database."""


class _Database(dg.ConfigurableResource):  # pyright: ignore[reportMissingTypeArgument]
    variable: str
    workers: int = DEFAULT_WORKERS
    _engine: sa.Engine | None = PrivateAttr(default=None)
    _endings: list[Callable[[], None]] = PrivateAttr(default_factory=list[Callable[[], None]])

    @property
    def engine(self) -> sa.Engine:
        """The pooled engine, made when it is first asked for. Connections are made when they are first needed.

        Raises: ConfigurationError naming the variable that is unset, or whose URL can't be read.
        """
        if self._engine is None:
            self._engine = self._open()
        return self._engine

    def at_end(self, ending: Callable[[], None]) -> None:
        """Call ``ending`` when the run or the tick is over, however it ends."""
        self._endings.append(ending)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Generator[Any]:  # noqa: ARG002
        try:
            yield self
        finally:
            for ending in self._endings:
                ending()
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    def _open(self) -> sa.Engine:
        side, url = self._place()
        return of(url).engine(url, side, self.workers + SPARE_CONNECTIONS)

    def _place(self) -> tuple[Side, sa.URL]:
        """Asked for when a connection is: a job that may need any database doesn't need all of them."""
        raise NotImplementedError


class OldDatabase(_Database):
    """An old database that rows are read from.

    Parameters: ``name`` what mappings call it; ``variable`` of the environment, which holds its URL; ``workers`` how many
    ranges are read at a time.
    """

    name: str

    def _place(self) -> tuple[Side, sa.URL]:
        return "old", old_url(self.name)


class NewDatabase(_Database):
    """The new database: target tables and the ledger.

    Parameters: ``variable`` of the environment, which holds its URL; ``workers`` how many ranges of a table are written at a
    time.
    """

    def _place(self) -> tuple[Side, sa.URL]:
        return "new", new_url()


def resources_for(databases: Iterable[str]) -> dict[str, OldDatabase | NewDatabase]:
    """The resources of a project by key. No variable is read yet, but for the number of workers if it is set."""
    workers: Any = dg.EnvVar.int(WORKERS) if os.environ.get(WORKERS) else DEFAULT_WORKERS
    found: dict[str, OldDatabase | NewDatabase] = {NEW: NewDatabase(variable=NEW_URL, workers=workers)}
    for name in databases:
        found[old_resource_key(name)] = OldDatabase(name=name, variable=old_variable(name), workers=workers)
    return found


def old_resource_key(name: str) -> str:
    """The resource key of the old database ``name``."""
    return f"old_{name}"


def kind_of(variable: str) -> str | None:
    """What kind of database a variable's URL speaks of, without connecting; None where it is unset or unreadable."""
    try:
        backend = sa.make_url(os.environ.get(variable, "")).get_backend_name()
    except (ArgumentError, ValueError):
        return None
    return {"postgresql": "postgres", "postgres": "postgres"}.get(backend, backend)
