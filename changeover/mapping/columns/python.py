"""What SQL can't say: a Python function over whole columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from changeover.mapping.expressions import expression


@dataclass(frozen=True)
class Reject:
    """Returned by a function in the place of a value: the row becomes a reject with this reason (no value in it)."""

    reason: str


Function = Callable[..., Sequence[Any]]
"""Called with one list for each input (all of one length); returns as many values, each a value, None, or a Reject."""


@dataclass(frozen=True, eq=False)
class Python:
    """A function of batches of columns. It must be pure: the same input gives the same output, on every run."""

    function: Function
    inputs: tuple[sa.ColumnElement[Any], ...]

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise TypeError(
                f"python() got {self.function!r}; expected a function of lists, and then its old columns"
            )
        object.__setattr__(self, "inputs", tuple(expression("python()", value) for value in self.inputs))


def python(function: Function, *inputs: sa.ColumnElement[Any]) -> Python:
    """Compute the column with ``function``, called once a chunk with a list of Python values for each of ``inputs``.

    Values are str, int, Decimal, float, bool, bytes, date, datetime, time … after the old column's type, or None. A function
    that raises is called again row by row, so that only the rows it can't do are rejected.
    """
    if not inputs:
        raise ValueError("python(): name at least one old column as input")
    return Python(function, inputs)
