"""Which target rows are not what their roots say now: the one path up to the write, and then a look instead of a write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from changeover.binding import Bound
from changeover.ledger import rejects as ledger_rejects
from changeover.transfer import sql
from changeover.transfer.chunk import Keys, Selection
from changeover.transfer.diagnose import guards, twins
from changeover.transfer.late import late
from changeover.transfer.matching import execute, matching
from changeover.transfer.part import drifted
from changeover.transfer.reading import read
from changeover.transfer.remove import gone, linked_to, shifted
from changeover.transfer.statements import counted, parts, rows, unstage
from changeover.transfer.unreadable import bad_text

DriftKind = Literal["missing", "extra", "different"]
"""``missing``: a root has no target row. ``extra``: a target row has no root any more. ``different``: a value is another than the
root says."""


@dataclass(frozen=True)
class Differing:
    """A root whose target row is not what it should be. ``columns`` are those that differ, where that was asked for."""

    key: str
    kind: DriftKind
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Compared:
    """What came of comparing some roots for one mapping. ``old`` counts target rows that there should be, those of the ``rejected``
    included, which are not compared."""

    old: int
    rejected: int
    bytes: int
    rows: tuple[Differing, ...]

    def count(self, kind: DriftKind) -> int:
        """How many are of a kind."""
        return sum(row.kind == kind for row in self.rows)


def compared(
    target: sa.Connection,
    source: sa.Connection,
    bound: Bound,
    selection: Selection,
    *,
    columns: bool = False,
) -> Compared:
    """Compare, value by value. ``target`` is a connection of `looking`; ``columns`` asks which ones differ."""
    block, unread = read(source, bound, selection)
    made = late(target, bound, block)
    _, unreadable = bad_text(target, bound, made.block)
    unstaged = {reject.root_key for reject in (*unread, *made.rejects, *unreadable)}
    extra = [key for key in gone(target, bound, selection) if key not in unstaged]
    if isinstance(selection, Keys):
        extra = _with_rows(target, bound, extra)
    any_open = ledger_rejects.any_open(target, bound.id)
    known = set(ledger_rejects.with_rejects(target, bound.id, sql.stage(bound))) if any_open else set[str]()
    # Rows that can't be stored can't be compared either: a text that is no number would end the statement.
    staged, keys = counted(target, bound)
    unfit = {reject.root_key for reject in guards(target, bound)}
    if staged != keys:
        unfit.update(reject.root_key for reject in twins(target, bound))
    unstage(target, bound, sorted(known | unfit))
    bad = dict.fromkeys(_parting(target, bound), 0)
    bad |= dict(rows(target, sql.wrong(bound, lacking=True)))
    bad |= dict.fromkeys([*_unlinked(target, bound), *sorted(unfit - known)], 1)
    names = _columns(target, bound) if columns and any(not absent for absent in bad.values()) else {}
    found = [
        Differing(key, "missing" if absent else "different", names.get(key, ()))
        for key, absent in bad.items()
    ]
    return Compared(
        old=block.rows + len(unread),
        rejected=len(known) + len(unstaged) + staged - keys,
        bytes=len(block.data),
        rows=(*found, *(Differing(key, "extra") for key in extra)),
    )


def _columns(target: sa.Connection, bound: Bound) -> dict[str, tuple[str, ...]]:
    """By root key, the columns in which its target row differs."""
    asked = sql.verified(bound)
    if not asked:
        return {}
    found = rows(target, sql.different(bound, asked))
    return {
        row[0]: tuple(c.name for c, differs in zip(asked, row[1 : len(asked) + 1], strict=True) if differs)
        for row in found
    }


def _with_rows(target: sa.Connection, bound: Bound, keys: Sequence[str]) -> list[str]:
    """Those of the roots, which are gone, that still have a target row."""
    if not keys or bound.identity != "direct":
        linked = (linked_to(target, bound, part) for part in parts(keys))
        return [key for links in linked for key, _ in links]
    there: list[str] = []
    names = ", ".join(f"t.{bound.dialect.quote(name)}" for name in bound.identity_columns)
    for part in parts(keys):
        listed = matching(bound, [shifted(bound, key) for key in part])
        found = execute(target, f"SELECT {names} FROM {listed.rows(bound)}", listed)
        numbers = {tuple(int(v) - bound.offset for v in row) for row in found}
        there += [key for key in part if tuple(map(int, bound.key.decode(key))) in numbers]
    return there


def _parting(target: sa.Connection, bound: Bound) -> list[str]:
    """Staged roots that share a row which they don't match: what others wrote there hides it from the look at values."""
    query = drifted(bound)
    return [key for key, _, follows in rows(target, query) if follows] if query else []


def _unlinked(target: sa.Connection, bound: Bound) -> list[str]:
    """Staged roots that the id map doesn't know: their target rows were never made."""
    if bound.identity != "assigned":
        return []
    query = (
        f"SELECT s.k FROM {sql.stage(bound)} AS s {sql.linked(bound, outer=True)} WHERE i.root_key IS NULL"
    )
    return [row[0] for row in rows(target, query)]
