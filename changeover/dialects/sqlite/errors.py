"""What SQLite's errors mean for a chunk."""

from __future__ import annotations

import re
import sqlite3

from changeover.dialects.base import Trouble

_CONSTRAINT = re.compile(r"^(UNIQUE|NOT NULL|CHECK|FOREIGN KEY) constraint failed(?:: ([\w., ]+))?$")
_COMPUTED = re.compile(r"malformed JSON|JSON path|integer overflow|user-defined function raised")
"""What a function says of one row's value."""
_MEANING = {
    "UNIQUE": "another row has the same unique value",
    "NOT NULL": "a column that must not be NULL got none",
    "CHECK": "a CHECK constraint is violated",
    "FOREIGN KEY": "a foreign key leads to no row, or other rows refer to this row",
}


def trouble(error: BaseException) -> Trouble:
    """See `Dialect.trouble`."""
    original = getattr(error, "orig", None) or error
    if isinstance(original, (sqlite3.IntegrityError, sqlite3.DataError)):
        return "row"
    if isinstance(original, sqlite3.OperationalError) and re.search(r"locked|busy", str(original)):
        return "transient"
    if isinstance(original, sqlite3.OperationalError) and _COMPUTED.search(str(original)):
        return "row"
    return "fatal"


def explain(error: BaseException) -> str:
    """See `Dialect.explain`."""
    original = getattr(error, "orig", None) or error
    found = _CONSTRAINT.match(str(original))
    if found is None:
        if trouble(error) == "row" and not isinstance(original, sqlite3.OperationalError):
            return "the value can't be stored in a column of its type"
        # Other errors speak of statements, locks and files, never of values.
        return str(original) if isinstance(original, sqlite3.OperationalError) else type(original).__name__
    return _MEANING[found[1]] + (f" ({found[2]})" if found[2] else "")
