"""Target rows by their keys. Keys are values of rows: they go as parameters, as text, and are read as their column's type."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from changeover.binding import Bound
from changeover.binding.joins import comparable
from changeover.keyset.key import KeyValues

_HOLE = "\ufffc"
_PARAMETER = re.compile(f"{_HOLE}(\\w+){_HOLE}")


def matching(bound: Bound, keys: Sequence[KeyValues]) -> tuple[list[str], dict[str, str]]:
    """For each key, that ``t`` is its row; and the parameters that `bound` gives to a statement made of such terms."""
    columns = [(name, bound.dialect.quote(name)) for name in bound.identity_columns]
    parameters: dict[str, str] = {}
    terms: list[str] = []
    for row, key in enumerate(keys):
        same: list[str] = []
        for place, ((name, quoted), value) in enumerate(zip(columns, key, strict=True)):
            parameter = f"k{row}_{place}"
            parameters[parameter] = value
            same.append(
                f"t.{quoted} = {comparable(bound.new, name, f'{_HOLE}{parameter}{_HOLE}', bound.dialect)}"
            )
        terms.append(f"({' AND '.join(same)})")
    return terms, parameters


def execute(connection: sa.Connection, statement: str, parameters: dict[str, str]) -> sa.CursorResult[Any]:
    """Run a statement made of `matching`'s terms. A colon in a name begins no parameter."""
    text = _PARAMETER.sub(r":\1", statement.replace(":", r"\:"))
    return connection.execute(sa.text(text), parameters)


def joined(key: KeyValues) -> str:
    """A target key as the id map has it."""
    if len(key) == 1:
        return key[0]
    return "|".join(part.replace("~", "~~").replace("|", "~!") for part in key)
