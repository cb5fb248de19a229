"""Everything that is checked together: all mappings and all schemas."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from changeover.check.case import Case
from changeover.dialects import READING
from changeover.ledger.version import Ledger, look
from changeover.mapping import Registry
from changeover.schema import Schema


class Site:
    """The mappings, each as a `Case`, and the databases they are checked against."""

    def __init__(self, registry: Registry, old: dict[str, Schema], new: Schema) -> None:
        self.registry = registry
        self.old = old
        self.new = new

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """One for each mapping."""
        return tuple(Case(mapping, self.registry, self.old, self.new) for mapping in self.registry.mappings)

    @cached_property
    def ledger(self) -> Ledger:
        """What the new database holds of a ledger."""
        with self.new.engine.execution_options(**READING).connect() as connection:
            return look(connection)

    def databases(self) -> Iterator[tuple[str, Schema]]:
        """All databases, each with what to call it."""
        for name, schema in self.old.items():
            yield f"old database {name}", schema
        yield "new database", self.new

    def case(self, name: str) -> Case:
        """The case of the mapping of this name."""
        return next(case for case in self.cases if case.mapping.name == name)

    def of_target(self, target: str) -> tuple[Case, ...]:
        """The cases of the mappings that feed ``target``."""
        return tuple(case for case in self.cases if case.mapping.target == target)
