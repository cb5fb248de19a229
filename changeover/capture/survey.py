"""What an old database has of capture, beside what it should have."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from changeover.capture.watched import Plan, place, planned, sources_of, with_facts
from changeover.dialects import Dialect, TableName
from changeover.dialects.triggers import Facts, Installed, Outbox, Trigger, Watched
from changeover.project import Project

_PART, _COUNTER = 13, 12
"""Characters of each of a fingerprint's four digests, and of the counter behind them: 64 in all."""


@dataclass(frozen=True)
class Fingerprint:
    """A table and its triggers as they are: what must not change behind our backs, each part by itself."""

    table: str
    mark: str
    standing: str
    wanted: str
    counter: int = 0

    def __str__(self) -> str:
        return f"{self.table}{self.mark}{self.standing}{self.wanted}{self.counter:0{_COUNTER}x}"

    def fits(self, was: Fingerprint) -> bool:
        """The table is as it was, and its counter has at most grown."""
        digests = (self.table, self.mark, self.standing, self.wanted)
        return digests == (was.table, was.mark, was.standing, was.wanted) and self.counter >= was.counter

    @classmethod
    def parse(cls, text: str) -> Fingerprint:
        """Of the ledger; parts of an empty text are empty."""
        table, mark, standing, wanted = (text[n * _PART : (n + 1) * _PART] for n in range(4))
        return cls(table, mark, standing, wanted, int(text[4 * _PART :] or "0", 16))


@dataclass(frozen=True)
class Survey:
    """An old database: the tables to be watched, what is known of each, and our triggers that stand in it."""

    database: str
    dialect: Dialect
    outbox: Outbox
    plan: Plan
    facts: Mapping[TableName, Facts | None]
    watched: Mapping[TableName, Watched]
    triggers: Mapping[TableName, tuple[Trigger, ...]]
    installed: tuple[Installed, ...]

    def standing(self, table: TableName) -> tuple[Installed, ...]:
        """What stands of the table's triggers."""
        wanted = {self._short(trigger.name) for trigger in self.triggers[table]}
        return tuple(one for one in self.installed if self._short(one.trigger) in wanted)

    def _short(self, name: str) -> str:
        """Without the schema that tables are in which are named without one."""
        home = self.outbox.table.schema
        return name.removeprefix(f"{home}.") if home else name

    def missing(self, table: TableName) -> list[str]:
        """Names of the table's triggers that do not stand."""
        standing = {self._short(one.trigger) for one in self.installed}
        return [t.name for t in self.triggers[table] if self._short(t.name) not in standing]

    def stale(self) -> tuple[Installed, ...]:
        """What stands and is of no use: no mapping reads its table any more, or not in that way."""
        wanted = {self._short(t.name) for triggers in self.triggers.values() for t in triggers}
        return tuple(one for one in self.installed if self._short(one.trigger) not in wanted)

    def disabled(self, table: TableName) -> list[str]:
        """Names of the table's triggers that stand and do not fire."""
        return [one.name for one in self.standing(table) if not one.enabled]

    def fingerprint(self, table: TableName) -> Fingerprint:
        """The table as it is now."""
        facts = self.facts[table]
        return Fingerprint(
            _digest(facts.definition if facts else ""),
            _digest(facts.mark if facts else ""),
            _digest(*sorted(f"{one.name} {one.definition}" for one in self.standing(table))),
            _digest(*(statement for trigger in self.triggers[table] for statement in trigger.create)),
            min(facts.counter if facts else 0, 16**_COUNTER - 1),
        )


def survey(project: Project, database: str, connection: sa.Connection) -> Survey:
    """Look at an old database.

    Raises: Untraceable, Unwritable or CircularCascade for what can't be captured.
    """
    dialect = project.old[database].dialect
    home = dialect.outbox_schema(connection)
    outbox = place(home)
    plan = planned(sources_of(project, database), dialect.silent_cascades(connection), dialect.family, home)
    facts = {one.table: dialect.table_facts(connection, one.table) for one in plan.watched}
    watched = {
        one.table: with_facts(one, known) if (known := facts[one.table]) else one for one in plan.watched
    }
    triggers = {table: tuple(dialect.trigger_ddl(one, outbox)) for table, one in watched.items()}
    installed = tuple(dialect.installed_triggers(connection, outbox.table))
    return Survey(database, dialect, outbox, plan, facts, watched, triggers, installed)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:_PART]


def tables_of(plan: Plan, roots: Sequence[str]) -> list[TableName]:
    """The tables whose changes may change rows of these roots."""
    return [one.table for one in plan.watched if plan.roots[one.table] & set(roots)]
