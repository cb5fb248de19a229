"""What PostgreSQL's SQLSTATEs mean for a chunk."""

from __future__ import annotations

import psycopg

from changeover.dialects.base import Trouble

_TRANSIENT = ("40001", "40P01", "55P03", "57P01", "57P02", "57P03", "53300", "25P03")
_MEANING = {
    "42501": "the account lacks a privilege (`changeover grants` prints them all)",
    "42P01": "the table does not exist",
    "42703": "a column does not exist",
    "55P03": "a lock was held by somebody else for too long",
    "40P01": "a deadlock",
    "23502": "a column that must not be NULL got none",
    "23503": "a foreign key leads to no row, or other rows refer to this row",
    "23505": "another row has the same unique value",
    "23514": "a CHECK constraint is violated",
    "23P01": "an exclusion constraint is violated",
    "22001": "a text is too long",
    "22003": "a number is out of range",
    "22007": "a value can't be read as a date or time",
    "22008": "a date or time is out of range",
    "22021": "a text has characters that the encoding lacks",
    "22P02": "a value can't be read as its column's type",
    "22P05": "a text has characters that can't be stored (U+0000)",
}


def trouble(error: BaseException) -> Trouble:
    """See `Dialect.trouble`."""
    original = getattr(error, "orig", None) or error
    if not isinstance(original, psycopg.Error):
        return "fatal"
    state = original.sqlstate
    if state is None:
        return (
            "transient"
            if isinstance(original, (psycopg.OperationalError, psycopg.InterfaceError))
            else "fatal"
        )
    if state in _TRANSIENT or state.startswith("08"):
        return "transient"
    return "row" if state[:2] in ("22", "23") or state in ("54000", "P0001") else "fatal"


def explain(error: BaseException) -> str:
    """See `Dialect.explain`: the state's meaning and the column or constraint, never the server's text."""
    original = getattr(error, "orig", None) or error
    if not isinstance(original, psycopg.Error) or original.sqlstate is None:
        return type(original).__name__
    about = original.diag
    where = f" (column {about.column_name})" if about.column_name else ""
    where = f" (constraint {about.constraint_name})" if about.constraint_name else where
    return f"{_MEANING.get(original.sqlstate, 'the server refused it')}{where} [SQLSTATE {original.sqlstate}]"
