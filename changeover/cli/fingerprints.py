"""What the mappings would write now, as far as it can be told while an old database is down or a mapping doesn't fit."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from changeover.binding import moves
from changeover.check.probe import reason, told
from changeover.dialects import of
from changeover.errors import ChangeoverError, ConfigurationError
from changeover.ledger.mappings import names
from changeover.ledger.status import Fingerprints
from changeover.mapping import Registry
from changeover.project import Project, answers
from changeover.schema import Schema
from changeover.settings import old_url, old_variable

UNNUMBERED = 0
"""Of a mapping that the ledger does not know yet: looking at the state of things writes nothing."""


def fingerprints(registry: Registry, roots: Collection[str], ledger: Project) -> Fingerprints:
    """The fingerprints of ``roots``; of those whose databases or mappings don't let it be told, why.

    Parameters: ``ledger`` is a project whose new database is open.
    """
    with ledger.reading() as connection:
        known = {name: number for number, (name, _) in names(connection).items()}
    with ExitStack() as afterwards:
        look = _Look(registry, ledger.new, known, afterwards)
        whole = look.moves_of([root for root in registry.roots if root in roots])
        if isinstance(whole, dict):
            return Fingerprints(whole)
        # What is wrong somewhere must not hide what is known elsewhere.
        each = {root: look.moves_of([root]) for root in registry.roots if root in roots}
        return Fingerprints(
            {root: found[root] for root, found in each.items() if isinstance(found, dict)},
            {root: found for root, found in each.items() if isinstance(found, str)},
        )


@dataclass
class _Look:
    registry: Registry
    new: Schema
    numbers: dict[str, int]
    afterwards: ExitStack
    old: dict[str, Schema] = field(default_factory=dict[str, Schema])
    down: dict[str, str] = field(default_factory=dict[str, str])

    def moves_of(self, roots: Collection[str]) -> dict[str, str] | str:
        """The fingerprints of the roots, or why there is one that has none."""
        targets = [m.target for m in self.registry.mappings if m.root_name in roots]
        needed = self.registry.needed(targets)
        for database in needed.databases:
            self.open(database)
            if database in self.down:
                return self.down[database]
        numbers = {m.name: self.numbers.get(m.name, UNNUMBERED) for m in needed.mappings}
        try:
            found = moves(needed, self.old, self.new, numbers)
        except ChangeoverError as error:
            return str(error)
        except DBAPIError as error:
            return f"a database refuses to be looked at: {reason((*self.old.values(), self.new), error)}"
        except Exception as error:  # noqa: BLE001 - the ledger is still worth showing
            return told(error)
        return {root: found[root].fingerprint for root in roots}

    def open(self, database: str) -> None:
        """Connect to an old database, once."""
        if database in self.old or database in self.down:
            return
        try:
            url = old_url(database)
        except ConfigurationError as error:
            self.down[database] = str(error).split("\n", 1)[0]
            return
        engine: sa.Engine = of(url).engine(url, "old", 1)
        self.afterwards.callback(engine.dispose)
        schema = Schema(engine)
        try:
            answers(schema, f"old database {database}", old_variable(database))
        except ChangeoverError as error:
            self.down[database] = str(error)
        else:
            self.old[database] = schema
