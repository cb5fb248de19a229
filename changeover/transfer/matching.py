"""Target rows by their keys. Keys are values of rows: they go as parameters, as text, and are read as their column's type.

They stand in a table, `v`, which the rows are looked up from: over a list of conditions with OR between them, MariaDB ponders for a
time that grows with its square.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from changeover.binding import Bound
from changeover.binding.joins import comparable
from changeover.keyset.key import KeyValues

_HOLE = "\ufffc"
_PARAMETER = re.compile(f"{_HOLE}(\\w+){_HOLE}")


@dataclass(frozen=True)
class Matching:
    """Some keys as ``listed``, a table for FROM, `v`, whose column `n` has each key's place. ``same`` leads to the target's rows,
    `t`: each column, and the SQL over `v` that it equals. ``parameters`` are those of ``listed``."""

    listed: str
    same: tuple[tuple[str, str], ...]
    parameters: dict[str, str]

    @property
    def on(self) -> str:
        """A row of `v` is the key of `t`."""
        return " AND ".join(f"{column} = {value}" for column, value in self.same)

    def rows(self, bound: Bound) -> str:
        """What follows FROM, for the rows that are there, each beside its key: twice, if a collation takes two keys for one."""
        return f"{self.listed} {bound.dialect.then_join} {bound.dialect.table(bound.new.table)} AS t ON {self.on}"


def matching(bound: Bound, keys: Sequence[KeyValues]) -> Matching:
    """The target's rows of these keys, of which there is one at least."""
    places = range(len(bound.identity_columns))
    rows = [[str(row), *(f"{_HOLE}k{row}_{place}{_HOLE}" for place in places)] for row in range(len(keys))]
    return Matching(
        bound.dialect.listed("v", ["n", *(f"k{place}" for place in places)], rows),
        tuple(
            (f"t.{bound.dialect.quote(name)}", comparable(bound.new, name, f"v.k{place}", bound.dialect))
            for place, name in enumerate(bound.identity_columns)
        ),
        {f"k{row}_{place}": value for row, key in enumerate(keys) for place, value in enumerate(key)},
    )


def execute(connection: sa.Connection, statement: str, found: Matching) -> sa.CursorResult[Any]:
    """Run a statement made of a `Matching`. A colon in a name begins no parameter."""
    text = _PARAMETER.sub(r":\1", statement.replace(":", r"\:"))
    return connection.execute(sa.text(text), found.parameters)


def joined(key: KeyValues) -> str:
    """A target key as the id map has it."""
    if len(key) == 1:
        return key[0]
    return "|".join(part.replace("~", "~~").replace("|", "~!") for part in key)
