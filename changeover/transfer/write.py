"""Writing a staged chunk: everything at once, and only if that fails, finding out which rows are to blame.

The optimistic way costs nothing for clean chunks. After a failure the transaction is back at its savepoint; the rows that don't
fit are found by predicates over the whole stage, kept as rejects, taken out, and the rest is written. A failure that no
predicate explains halves the block until single rows are left.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy import exc

from changeover.binding import Bound
from changeover.dialects import Block
from changeover.ledger.rejects import Reject
from changeover.transfer import sql
from changeover.transfer.aside import any_moving, put_aside
from changeover.transfer.chunk import Applied
from changeover.transfer.diagnose import dangling, diagnose, guards, lacking, lost, twins, unlike
from changeover.transfer.id_pool import Ids
from changeover.transfer.identify import identify
from changeover.transfer.in_order import insert_in_order
from changeover.transfer.part import Root, unlink
from changeover.transfer.remember import remember, taken
from changeover.transfer.statements import counted, rows, run, scalar, staged, unstage
from changeover.transfer.unreadable import bad_text

ROUNDS = 4
"""How often a block is diagnosed before it is halved: each round finds all rows of a sort, and few chunks have four sorts."""

GENERATIONS = 10
"""Statements for the levels of a tree, before the rest is put in order in Python: few trees are deeper, and lists are."""

LOOKS = 2
"""How often an attempt is made again for what others may have committed meanwhile."""


class _Unlike(Exception):
    """Some rows were stored as something else than what was staged: these, as they were found before the attempt is undone."""

    def __init__(self, rejects: list[Reject]) -> None:
        super().__init__(f"{len(rejects)} rows")
        self.rejects = rejects


class _Out(Exception):
    """Some rows can't be stored with the others: the attempt is undone, and made again without them.

    Rows are only taken out of the stage between attempts, since a stage may not take part in savepoints.
    """

    def __init__(self, rejects: list[Reject], *, unlink: bool = False) -> None:
        super().__init__(f"{len(rejects)} rows")
        self.rejects = rejects
        self.unlink = unlink


@dataclass
class Writer:
    """Writes one bound mapping's blocks in the transaction of ``connection``.

    Parameters: ``ids`` for new links; ``fresh_span`` says that the target has no row in the span, so that none can be there.
    """

    connection: sa.Connection
    bound: Bound
    range_no: int | None
    ids: Ids
    fresh_span: bool = False
    first_asked: bool = False
    """The roots that shared rows are made of were applied just now."""
    looks: int = 0
    """Attempts that were made again for what others may have committed meanwhile."""
    exchanged: bool = False
    """Unique values that change hands were looked for."""
    aside: bool = False
    """Such values are put aside first: an attempt without that has failed."""
    followers: list[Root] = field(default_factory=list[Root])
    """Other roots whose row now belongs to a root of the block, or is changed by it: they are to be applied again."""
    lacking: list[Reject] = field(default_factory=list[Reject])
    """Rows that were written without a parent which may come later."""
    left: list[str] = field(default_factory=list[str])
    """Roots of the block that have another row now than before."""

    def write(self, block: Block) -> tuple[Applied, list[Reject]]:
        """Stage and store the block. Returns what came of it and the rows that were not stored."""
        block, unreadable = bad_text(self.connection, self.bound, block)
        applied, rejects = self.write_staged(block)
        return applied, unreadable + rejects

    def write_staged(self, block: Block) -> tuple[Applied, list[Reject]]:
        """Store the block, which is in the stage."""
        rejects: list[Reject] = []
        self._out(guards(self.connection, self.bound), rejects)
        if self.bound.identity != "direct":
            # Links are made of what lookups find. Elsewhere it costs nothing to look for lost parents after a failure: a
            # write passes such rows over.
            self._out(lost(self.connection, self.bound, own=False), rejects)
        applied = self._settle(block, rejects)
        return applied, rejects

    def _settle(self, block: Block, rejects: list[Reject]) -> Applied:
        tries = 0
        while True:
            savepoint = self.connection.begin_nested()
            try:
                applied = self._store(block)
                savepoint.commit()
                self.ids.keep()
                self.lacking += lacking(self.connection, self.bound)
                return applied
            except _Out as out:
                savepoint.rollback()
                self.ids.undo()
                if out.unlink:
                    unlink(self.connection, self.bound, [reject.root_key for reject in out.rejects])
                self._out(out.rejects, rejects)
            except (exc.DBAPIError, _Unlike) as error:
                if isinstance(error, exc.DBAPIError) and self.bound.dialect.trouble(error) != "row":
                    raise
                savepoint.rollback()
                self.ids.undo()
                if orphans := lost(self.connection, self.bound, own=False):
                    self._out(orphans, rejects)
                    continue
                if self._may_go_now(error):
                    continue
                tries += 1
                blamed = diagnose(self.connection, self.bound, aside=self.aside) if tries <= ROUNDS else []
                if not blamed and isinstance(error, _Unlike):
                    blamed = error.rejects
                if not blamed:
                    return self._halve(block, rejects, error)
                self._out(blamed, rejects)

    def _may_go_now(self, error: Exception) -> bool:
        """Whether the same rows may be written by another attempt. Each reason is good for a few."""
        if self.looks < LOOKS and self._may_be_there_now(error):
            self.looks += 1
            return True
        if self.bound.new.uniques and not self.exchanged:
            self.exchanged = True
            self.aside = any_moving(self.connection, self.bound)
            return self.aside
        return False

    def _may_be_there_now(self, error: Exception) -> bool:
        """Whether another copier may have committed just now what the attempt did not find, and the next one will.

        It may have made the row that a root matches, or the parent's that a write passed a row over for want of: each statement
        sees what was committed before it, and those that looked for lost parents afterwards saw more than the write did.
        """
        if isinstance(error, _Unlike):
            return bool(self.bound.lookups)
        return self.bound.assigned is not None and bool(self.bound.assigned.match)

    def _halve(self, block: Block, rejects: list[Reject], error: Exception) -> Applied:
        known = {reject.root_key for reject in rejects}
        keys = [key or "" for key in block.columns([0])[0]]
        left = block.without(place for place, key in enumerate(keys) if key in known)
        if left.rows == 0:
            return Applied()
        if left.rows == 1:
            reason = (
                "it was stored as another value"
                if isinstance(error, _Unlike)
                else self.bound.dialect.explain(error)
            )
            kind = "waiting" if self.bound.dialect.is_foreign_key(error) else "value"
            rejects.append(Reject(next(key for key in keys if key not in known), "", kind, reason))
            return Applied()
        applied = Applied()
        middle = left.rows // 2
        for half in (left.without(range(middle, left.rows)), left.without(range(middle))):
            writer = Writer(
                self.connection, self.bound, self.range_no, self.ids, first_asked=self.first_asked
            )
            part, more = writer.write(half)
            applied.add(part)
            self.followers.extend(writer.followers)
            self.lacking.extend(writer.lacking)
            self.left.extend(writer.left)
            rejects.extend(more)
        return applied

    def _store(self, block: Block) -> Applied:
        bound, connection = self.bound, self.connection
        fresh, moved = self._link()
        own = bool(sql.needed(bound, own=True))
        if not fresh and not own and not rows(connection, sql.wrong(bound, 1)):
            # Nothing to write: no row of the application is locked, and nothing needs a second look.
            return Applied(unchanged=self._one_each(), deleted=moved)
        updated = 0
        if self.aside:
            self._put_aside()
        if not fresh and (statement := sql.update(bound)):
            updated = run(connection, statement)
        if own:
            inserted, changed = self._descend(block, fresh)
            updated += changed
            if orphans := lost(connection, bound, own=True):
                raise _Out(orphans)
        else:
            inserted = self._insert(fresh)
        if rows(connection, sql.wrong(bound, 1)):
            raise _Unlike(unlike(connection, bound))
        if bound.new.late and (orphans := dangling(connection, bound)):
            raise _Out(orphans)
        if fresh and bound.identity == "direct" and inserted == staged(connection, bound):
            # Each has a row of its own under a primary key that its root's key alone makes.
            return Applied(inserted=inserted)
        rest = self._one_each() - inserted
        # Rows inserted just now may have been given their parents with the others.
        updated = min(updated, rest)
        return Applied(inserted=inserted, updated=updated, unchanged=rest - updated, deleted=moved)

    def _insert(self, fresh: bool) -> int:
        inserted = run(self.connection, sql.insert(self.bound, anti_join=not fresh))
        if inserted and (statement := self._filling()):
            run(self.connection, statement)
        return inserted

    def _filling(self) -> str | None:
        """What gives rows the parents, among the rows inserted just now, that they were inserted without."""
        later = any(lookup.own and lookup.later for lookup in self.bound.lookups)
        return sql.update(self.bound) if later else None

    def _put_aside(self) -> None:
        try:
            put_aside(self.connection, self.bound)
        except exc.DBAPIError:
            # A constraint knows better which values there may be: the conflicts are what they are.
            self.aside = False
            raise

    def _link(self) -> tuple[bool, int]:
        """Remember which target row each root makes. Whether none of the rows is there yet; and how many gave way to others."""
        bound, connection = self.bound, self.connection
        if bound.identity == "assigned":
            found = identify(connection, bound, self.range_no, self.ids, asked=self.first_asked)
            if found.stuck:
                raise _Out(found.stuck)
            if found.doubles:
                raise _Out(found.doubles, unlink=True)
            self.followers, self.left = found.followers, found.left
            return found.fresh, 0
        fresh = self.fresh_span or scalar(connection, sql.existing(bound, count=False)) is None
        if bound.identity == "direct":
            return fresh, 0
        if not fresh and (others := taken(connection, bound)):
            raise _Out(others)
        moved, held = remember(connection, bound, self.range_no)
        if held:
            raise _Out(held)
        return fresh, moved

    def _one_each(self) -> int:
        """How many rows are staged, if each has a key of its own."""
        total, keys = counted(self.connection, self.bound)
        if total != keys:
            raise _Out(twins(self.connection, self.bound))
        return total

    def _descend(self, block: Block, fresh: bool) -> tuple[int, int]:
        """Rows whose parent is a row of this very chunk come in generations: each statement sees the one before. What is deeper
        than `GENERATIONS` comes in order."""
        inserted, more, generations = 0, 1, 0
        while more:
            try:
                more = run(self.connection, sql.insert(self.bound, anti_join=not fresh or generations > 0))
            except exc.DBAPIError as error:
                # MariaDB looks at foreign keys row by row: a child came before its parent. The statement alone was undone.
                if generations or not self._row_by_row(error):
                    raise
                more = insert_in_order(self.connection, self.bound, block)
                if not more:
                    raise
            inserted, generations = inserted + more, generations + 1
            if more and generations == GENERATIONS:
                inserted += insert_in_order(self.connection, self.bound, block)
        update = sql.update(self.bound)
        return inserted, run(self.connection, update) if update else 0

    def _row_by_row(self, error: exc.DBAPIError) -> bool:
        return self.bound.dialect.family == "mysql" and self.bound.dialect.is_foreign_key(error)

    def _out(self, found: list[Reject], rejects: list[Reject]) -> None:
        unstage(self.connection, self.bound, list({reject.root_key for reject in found}))
        rejects.extend(found)
