"""What PostgreSQL's SQLSTATEs mean for a chunk."""

from __future__ import annotations

import psycopg

from changeover.dialects.base import Trouble

_TRANSIENT = ("40001", "40P01", "55P03", "57P01", "57P02", "57P03", "53300", "25P03", "57P05")
_SLOW = "57014"
_ROW = ("09", "21", "22", "23", "27", "2F", "38", "39", "44", "P0")
"""Classes of what a value, a constraint or a trigger's own code is to blame for. A statement of ours, on the new side, is what
the writer makes of a mapping that was checked: what else it raises comes of a row."""
_OTHER = "00 01 02 03 08 0A 0B 0F 0L 0P 0Z 20 24 25 26 28 2B 2D 34 3B 3D 3F 40 42 53 54 55 57 58 72 F0 HV XX".split()
"""PostgreSQL's other classes. All that are not its own are an application's: its triggers RAISE … USING ERRCODE."""
_REFUSED = "a trigger refused it"
_MEANING = {
    "57014": "a statement took longer than the server allows (statement_timeout), or somebody cancelled it",
    "P0001": _REFUSED,
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
    if state == _SLOW:
        return "slow"
    return "row" if state[:2] in _ROW or state == "54000" or _is_own(state) else "fatal"


def _is_own(state: str) -> bool:
    """An application made this state up."""
    return state[:2] not in (*_ROW, *_OTHER)


def hides_rows(error: BaseException) -> bool:
    """Row-level security would have hidden rows from the statement. The server's function tells it in any language."""
    original = getattr(error, "orig", None) or error
    return (
        isinstance(original, psycopg.Error)
        and original.sqlstate == "42501"
        and original.diag.source_function == "check_enable_rls"
    )


def explain(error: BaseException) -> str:
    """See `Dialect.explain`: the state's meaning and the column or constraint, never the server's text."""
    original = getattr(error, "orig", None) or error
    if not isinstance(original, psycopg.Error) or original.sqlstate is None:
        return type(original).__name__
    if hides_rows(error):
        return (
            "row-level security would hide rows of a table from the account: let it see all, by ALTER ROLE … BYPASSRLS "
            "[SQLSTATE 42501]"
        )
    about = original.diag
    where = f" (column {about.column_name})" if about.column_name else ""
    where = f" (constraint {about.constraint_name})" if about.constraint_name else where
    meaning = _MEANING.get(
        original.sqlstate, _REFUSED if _is_own(original.sqlstate) else "the server refused it"
    )
    return f"{meaning}{where} [SQLSTATE {original.sqlstate}]"
