"""A way from a changed row of an old table to the roots that are to be applied again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from changeover.dialects import TableName
from changeover.keyset.key import Key
from changeover.mapping import Join


@dataclass(frozen=True)
class Source:
    """What triggers on ``table`` write for a changed row, and what it means.

    An entry holds ``name`` and the row's values of ``key``, encoded. For a root (``outer`` is None) they are the root's key. For a
    table that a mapping joins or reads in a subquery they are the columns that it is asked by: the roots are those where ``outer``,
    expressions over the root (and ``joins`` that lead from it), equals ``inner``, expressions over the columns of ``key`` alone and
    mostly just these columns. A row that has NULL in one of them is nobody's, and makes no entry.
    """

    name: str
    """Unique in its old database, the same in every process: it stands in outbox entries."""
    table: TableName
    root: str
    """The name of the `Move` whose roots are meant."""
    key: Key
    outer: tuple[sa.ColumnElement[Any], ...] | None = None
    joins: tuple[Join, ...] = ()
    inner: tuple[sa.ColumnElement[Any], ...] = ()

    @property
    def is_root(self) -> bool:
        """Entries hold keys of roots themselves."""
        return self.outer is None
