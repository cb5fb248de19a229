"""Which roots have changes under way: noted in the outbox of their old database, and not applied yet.

They are asked for after the old rows were read, while the table locks are held. Whatever change those rows show that the target
lacks is still in the outbox then: to apply it, and so to take it out, needs the locks alone. One that came in between is found too,
and has its root looked at once more than was needed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import sqlalchemy as sa

from changeover.binding import Move
from changeover.capture import outbox, resolve
from changeover.capture.source import Source
from changeover.capture.trace import Untraceable, sources
from changeover.ledger.capture import captured
from changeover.project import Project

MOST = 20_000
"""Entries of a root that are told apart. Where there are more, all of its rows count as changing."""


@dataclass(frozen=True)
class Pending:
    """The roots' encoded keys; ``all`` where there are too many to tell."""

    keys: frozenset[str] = frozenset()
    all: bool = False

    def __contains__(self, key: str) -> bool:
        return self.all or key in self.keys


class Outbox:
    """The outbox entries that concern one move; always empty where its old database has no triggers."""

    def __init__(self, project: Project, move: Move) -> None:
        self.engine = project.old[move.database].engine
        self.move = move
        with project.reading() as connection:
            noted = bool(captured(connection, move.database))
        self.sources: dict[str, Source] = {}
        if noted:
            try:
                self.sources = {s.name: s for s in sources(move, project.old[move.database])}
            except Untraceable:
                self.sources = {}

    def pending(self) -> Pending:
        """What is under way now."""
        if not self.sources:
            return Pending()
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            entries = outbox.entries(connection, self.sources, MOST)
            if len(entries) == MOST:
                return Pending(all=True)
            return self._resolved(connection, entries)

    def _resolved(self, connection: sa.Connection, entries: list[outbox.Entry]) -> Pending:
        by_source: dict[str, set[str]] = defaultdict(set)
        for entry in entries:
            by_source[entry.source].add(entry.key)
        found: set[str] = set()
        for name, texts in by_source.items():
            source = self.sources[name]
            if source.is_root:
                found |= texts
                continue
            for page in resolve.roots(connection, self.move, source, sorted(texts)):
                found.update(page)
                if len(found) > MOST:
                    return Pending(all=True)
        return Pending(frozenset(found))
