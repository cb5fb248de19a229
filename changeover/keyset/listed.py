"""Keys of several columns as a table, for MariaDB and MySQL to look up one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class Listed(FunctionElement[Any]):
    """A subquery whose rows are keys. Over a list of rows MariaDB's optimizer ponders for a time that grows with its square.

    Parameters: ``shown`` is the SQL of each of a key's columns, over `place`; ``values`` are the keys' parts, key after key.
    """

    inherit_cache = False  # no two lists are alike
    type = sa.types.NullType()

    def __init__(self, shown: Sequence[str], values: Sequence[sa.ColumnElement[Any]]) -> None:
        self.shown = shown
        super().__init__(*values)


def place(number: int) -> str:
    """The SQL name of a key's column, within the subquery."""
    return f"v.k{number}"


@compiles(Listed)
def _compile(element: Listed, compiler: Any, **options: Any) -> str:
    parts = [cast(str, compiler.process(value, **options)) for value in element.clauses]
    width = len(element.shown)
    first = ", ".join(f"{part} AS k{number}" for number, part in enumerate(parts[:width]))
    rows = (", ".join(parts[start : start + width]) for start in range(width, len(parts), width))
    table = " UNION ALL SELECT ".join([first, *rows])
    return f"(SELECT {', '.join(element.shown)} FROM (SELECT {table}) AS v)"
