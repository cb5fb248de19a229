"""Installing and uninstalling the outbox and its triggers.

The outbox comes first and goes last: a trigger without it fails the application's statements. The ledger says *installing* before
the first trigger of a table is made, and *installed* after the last one stands and the table's roots are set to be walked again. So
whatever is cut short is done again, and nothing that was read before its triggers stood is taken for copied.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from changeover.capture import outbox
from changeover.capture.preflight import problems
from changeover.capture.prepared import await_decided
from changeover.capture.statements import OnStep, run
from changeover.capture.survey import Fingerprint, Survey, survey, tables_of
from changeover.capture.watched import sources_of
from changeover.dialects import TableName
from changeover.errors import ChangeoverError, ConfigurationError, NotCaptured
from changeover.ledger import capture as ledger
from changeover.ledger.ranges import last_range, walk_again
from changeover.planning import plan
from changeover.project import Project


class CannotInstall(ConfigurationError):
    """Something stands in the way of capture; nothing was done. Lists all of it, each with its remedy."""


def install(
    project: Project,
    databases: Sequence[str] | None = None,
    tables: Sequence[str] | None = None,
    *,
    dry_run: bool = False,
    on_step: OnStep | None = None,
) -> list[str]:
    """Install what is missing, and repair what is broken; what stands as it should is left alone.

    Parameters: ``databases`` old databases by name (all); ``tables`` new tables, roots, mappings or domains, whose tables get
    triggers (all).
    Returns: what was done, or, with ``dry_run``, the statements that would be run.
    Raises: CannotInstall, Untraceable, Unwritable, CircularCascade before anything was done; TableBusy.
    """
    roots = project.registry.select(tables or ()).roots
    say = on_step or (lambda _: None)
    found: list[tuple[Survey, list[TableName]]] = []
    wrong: list[str] = []
    for database in _databases(project, databases, roots):
        with project.old[database].engine.connect() as connection:
            seen = survey(project, database, connection.execution_options(isolation_level="AUTOCOMMIT"))
        chosen = tables_of(seen.plan, roots)
        wrong += [
            f"old database {database}: {mode}"
            for mode in seen.directs.modes
            if mode.mode == "refused" and mode.table in chosen
        ]
        found.append((seen, _needed(project, seen, chosen)))
    wrong += [one for seen, needed in found for one in (problems(project, seen, needed) if needed else ())]
    if dry_run:
        for one in wrong:
            say(f"in the way: {one}")
        return [statement for seen, needed in found for statement in statements(seen, needed)]
    if wrong:
        raise CannotInstall("\n".join(wrong))
    done: list[str] = []
    for seen, needed in found:
        for mode in seen.directs.modes:
            say(f"{seen.database}: {mode}")
        installer = _Installer(project, seen, say)
        done += installer.install(needed)
        if not tables:
            done += installer.clear()
    return done


def statements(seen: Survey, tables: Iterable[TableName]) -> list[str]:
    """All that is run on the old database to install ``tables``, in order."""
    made = [trigger for table in tables for trigger in seen.triggers[table]]
    drops = [statement for trigger in made for statement in _drops(seen, trigger.name)]
    dialect = sa.create_mock_engine(f"{_BACKENDS[seen.dialect.family]}://", lambda *_: None).dialect
    create = sa.schema.CreateTable(outbox.outbox, if_not_exists=True).compile(dialect=dialect)
    first = [" ".join(str(create).split())] if made else []
    return [*first, *drops, *(statement for trigger in made for statement in trigger.create)]


def _drops(seen: Survey, name: str) -> list[str]:
    """What drops what stands by a trigger's name. A function stays: it is replaced, in one with what calls it."""
    return [
        statement
        for one in seen.installed
        if one.trigger == name
        for statement in one.drop
        if not statement.startswith("DROP FUNCTION")
    ]


_BACKENDS = {"mysql": "mysql+pymysql", "postgresql": "postgresql+psycopg", "sqlite": "sqlite"}


def uninstall(
    project: Project,
    databases: Sequence[str] | None = None,
    *,
    dry_run: bool = False,
    on_step: OnStep | None = None,
) -> list[str]:
    """Drop all triggers that write to the outbox, then the outbox, whatever mappings say now and however far an install came.

    Returns: what was done, or, with ``dry_run``, the statements that would be run.
    Raises: TableBusy; ChangeoverError when a trigger still refers to the outbox, which is then left.
    """
    done: list[str] = []
    for database in _databases(project, databases, project.registry.roots):
        done += _uninstall(project, database, on_step or (lambda _: None), dry_run=dry_run)
    return done


def _uninstall(project: Project, database: str, say: OnStep, *, dry_run: bool) -> list[str]:
    dialect = project.old[database].dialect
    engine = project.old[database].engine if dry_run else project.capturing(database)
    with engine.connect() as connection:
        there = TableName(outbox.TABLE, dialect.outbox_schema(connection))
        standing = dialect.installed_triggers(connection, there)
        exists = sa.inspect(connection).has_table(there.name, schema=there.schema)
    drop = f"DROP TABLE {dialect.table(there)}"
    if dry_run:
        return [*(statement for one in standing for statement in one.drop), *([drop] if exists else [])]
    done: list[str] = []
    for one in standing:
        run(engine, dialect, one.table, one.drop, say)
        if one.drop:
            done.append(f"{database}: dropped {one.name}")
            say(done[-1])
    with engine.connect() as connection:
        left = dialect.installed_triggers(connection, there)
    if left:
        raise ChangeoverError(
            f"old database {database}: {', '.join(one.name for one in left)} still write to {there}, which is left where it is; "
            "run uninstall again"
        )
    with project.new.engine.begin() as connection:
        ledger.forget(connection, database, [one.table for one in ledger.captured(connection, database)])
    if exists:
        run(engine, dialect, there, (drop,), say)
        done.append(f"{database}: dropped {there.name}")
        say(done[-1])
    return done


def _databases(project: Project, names: Sequence[str] | None, roots: Sequence[str]) -> list[str]:
    mine = {m.database for m in project.registry.mappings if m.root_name in roots}
    for name in names or ():
        if name not in project.registry.databases:
            there = ", ".join(project.registry.databases)
            raise ConfigurationError(f"no mapping reads an old database {name!r}; there are: {there}")
    return [name for name in project.registry.databases if name in mine and (not names or name in names)]


def _needed(project: Project, seen: Survey, tables: Iterable[TableName]) -> list[TableName]:
    """Those that do not stand as the ledger says they were installed."""
    with project.reading() as connection:
        known = {one.table: one for one in ledger.captured(connection, seen.database)}
    return [
        table
        for table in tables
        if (one := known.get(str(table))) is None
        or one.state != "installed"
        or not seen.fingerprint(table).fits(Fingerprint.parse(one.fingerprint))
    ]


class _Installer:
    def __init__(self, project: Project, seen: Survey, say: OnStep) -> None:
        self.project = project
        self.seen = seen
        self.say = say
        self.engine = project.capturing(seen.database)

    def install(self, tables: Sequence[TableName]) -> list[str]:
        if not tables:
            return []
        outbox.metadata.create_all(self.engine)
        done: list[str] = []
        for table in tables:
            self._record(table, "installing")
            # Marks that were left by what is mended now. One that comes from here on speaks of what the new triggers saw.
            with self.engine.begin() as connection:
                outbox.forget_marks(connection, str(table))
            for trigger in self.seen.triggers[table]:
                run(
                    self.engine,
                    self.seen.dialect,
                    table,
                    (*_drops(self.seen, trigger.name), *trigger.create),
                    self.say,
                )
        await_decided(self.engine, self.seen.dialect, self.say)
        now = self._again()
        for table in tables:
            facts = now.facts[table]
            if facts is not None and facts.blind:
                self.say(f"table {table}: {facts.blind}")
        for table in tables:
            again = self._installed(now, table)
            more = f"; {again} key ranges are to be walked again" if again else ""
            done.append(f"{self.seen.database}: table {table} is watched{more}")
            self.say(done[-1])
        for root in sorted({root for table in tables for root in now.plan.roots[table]}):
            self._cover(root)
        return done

    def _cover(self, root: str) -> None:
        """Rows above the last range, which live sync made, are to be looked at again as well."""
        with self.project.reading() as connection:
            begun = last_range(connection, root) is not None
        if begun:
            with contextlib.suppress(NotCaptured):  # another of its tables is yet to be installed
                plan(self.project, root)

    def clear(self) -> list[str]:
        """Drop what mappings don't need any more, and what it noted."""
        stale = self.seen.stale()
        for one in stale:
            run(self.engine, self.seen.dialect, one.table, one.drop, self.say)
        known = {source.name for source in sources_of(self.project, self.seen.database)}
        with self.project.new.engine.begin() as connection:
            watched = {str(table) for table in self.seen.triggers}
            captured = ledger.captured(connection, self.seen.database)
            ledger.forget(
                connection, self.seen.database, [one.table for one in captured if one.table not in watched]
            )
        if stale:
            with self.engine.begin() as connection:
                outbox.forget_others(connection, known)
        return [
            f"{self.seen.database}: dropped {one.name}, which no mapping needs" for one in stale if one.drop
        ]

    def _again(self) -> Survey:
        with self.engine.connect() as connection:
            return survey(
                self.project,
                self.seen.database,
                connection.execution_options(isolation_level="AUTOCOMMIT"),
            )

    def _record(self, table: TableName, state: ledger.State) -> None:
        with self.project.new.engine.begin() as connection:
            ledger.record(connection, self.seen.database, str(table), state)

    def _installed(self, now: Survey, table: TableName) -> int:
        if missing := now.missing(table):
            raise ChangeoverError(
                f"table {table}: {', '.join(missing)} went as soon as they stood; look who drops them"
            )
        if now.triggers[table] != self.seen.triggers[table]:
            raise ChangeoverError(
                f"table {table} was altered while its triggers were made, and needs others now; run install again"
            )
        with self.project.new.engine.begin() as connection:
            again = sum(walk_again(connection, root) for root in sorted(now.plan.roots[table]))
            ledger.record(
                connection,
                self.seen.database,
                str(table),
                "installed",
                fingerprint=str(now.fingerprint(table)),
            )
        return again
