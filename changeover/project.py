"""Everything a run needs, opened once: mappings, engines, schemas, and the mappings bound to them."""

from __future__ import annotations

import threading
from collections.abc import Collection
from functools import cached_property
from types import TracebackType

import sqlalchemy as sa
from sqlalchemy import exc

from changeover.binding import Move, moves
from changeover.dialects import READING, Dialect, of, shown
from changeover.errors import ConfigurationError, ConnectionRefused
from changeover.ledger import mappings as ledger_mappings
from changeover.ledger.version import check_version
from changeover.mapping import Registry
from changeover.schema import Schema
from changeover.settings import NEW_URL, Settings, old_variable


class Project:
    """Mappings on live databases. A context manager: leaving it closes its connections.

    Safe to share between threads. Schemas are looked at once; open a new one after a table was altered.
    """

    def __init__(
        self,
        registry: Registry,
        old: dict[str, sa.Engine],
        new: sa.Engine,
        workers: int = 2,
        live: Collection[str] = (),
    ) -> None:
        missing = [name for name in registry.databases if name not in old]
        if missing:
            raise ConfigurationError(
                f"no connection for old database {', '.join(missing)}: set {old_variable(missing[0])}"
            )
        self.registry = registry
        self.workers = workers
        self.live = frozenset(live)
        self.old = {name: Schema(engine) for name, engine in old.items()}
        self.new = Schema(new)
        self._capturing: dict[str, sa.Engine] = {}
        self._lock = threading.Lock()

    @classmethod
    def open(cls, registry: Registry, settings: Settings) -> Project:
        """Connect to all databases and look at the ledger.

        Raises: ConfigurationError, ConnectionRefused or LedgerMissing, each saying what to set or run.
        """
        pool = settings.workers + 2
        old = {
            name: of(settings.old_urls[name]).engine(settings.old_urls[name], "old", pool)
            for name in registry.databases
        }
        new = of(settings.new_url).engine(settings.new_url, "new", pool)
        project = cls(registry, old, new, settings.workers, settings.live)
        try:
            project.check_connections()
            check_version(project.new.engine)
        except Exception:
            project.close()
            raise
        return project

    def check_connections(self) -> None:
        """Raises ConnectionRefused naming the database and the variable to look at, for the first that can't be reached."""
        for name, schema in self.old.items():
            answers(schema, f"old database {name}", old_variable(name))
        answers(self.new, "new database", NEW_URL)

    @cached_property
    def moves(self) -> dict[str, Move]:
        """Every root's move, parents first. Raises MappingError for a mapping that doesn't fit the schemas."""
        ids = ledger_mappings.register(self.new.engine, self.registry.mappings)
        return moves(self.registry, self.old, self.new, ids)

    def move(self, root: str) -> Move:
        """The move of a root. Raises ConfigurationError for an unknown one."""
        if root not in self.moves:
            raise ConfigurationError(f"no mapping has the root {root!r}; there are: {', '.join(self.moves)}")
        return self.moves[root]

    def reading(self) -> sa.Connection:
        """A connection to the new database that only reads: it never waits for a writer, nor keeps one waiting."""
        return self.new.engine.execution_options(**READING).connect()

    def capturing(self, database: str) -> sa.Engine:
        """Connections to an old database that may write to its outbox. All others are read-only."""
        with self._lock:
            if database not in self._capturing:
                url = self.old[database].engine.url
                self._capturing[database] = of(url).engine(url, "capture", 2)
            return self._capturing[database]

    @property
    def dialect(self) -> Dialect:
        """The new database's."""
        return self.new.dialect

    def explain(self, error: exc.DBAPIError, database: str) -> str:
        """Why the new database, or the old one of this name, refused a statement, in words that hold no value of a row."""
        for dialect in (self.dialect, self.old[database].dialect):
            if (said := dialect.explain(error)) and said != type(error.orig).__name__:
                return said
        return f"{type(error.orig).__name__} from the database"

    def close(self) -> None:
        """Close all pooled connections."""
        for schema in (*self.old.values(), self.new):
            schema.engine.dispose()
        for engine in self._capturing.values():
            engine.dispose()

    def __enter__(self) -> Project:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def answers(schema: Schema, title: str, variable: str) -> None:
    """Raises ConnectionRefused naming the database and the variable to look at, unless it can be reached."""
    try:
        with schema.engine.execution_options(**READING).connect() as connection:
            connection.execute(sa.text("SELECT 1"))
    except exc.DBAPIError as error:
        reason = _reason(error)
        rights = ", and at the rights that `changeover grants` prints" if "denied" in reason else ""
        raise ConnectionRefused(
            f"the {title} ({shown(schema.engine.url)}) can't be reached: {reason}; look at {variable}{rights}"
        ) from None
    except TypeError as error:
        # A driver's word for an option that it does not take.
        raise ConnectionRefused(f"the {title} can't be connected to: {error}; look at {variable}") from None


def _reason(error: exc.DBAPIError) -> str:
    """The driver's words on why it could not connect. They name hosts and users, never a password or a row."""
    original = error.orig
    if original is not None and original.args:
        return " ".join(str(original.args[-1]).split())
    return type(original).__name__
