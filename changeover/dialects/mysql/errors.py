"""What MariaDB's and MySQL's error numbers mean for a chunk."""

from __future__ import annotations

import re

import pymysql

from changeover.dialects.base import Trouble

_TRANSIENT = {
    1205,  # lock wait timeout
    1213,  # deadlock
    1020,  # record changed since last read
    1040, 1203, 1226,  # too many connections, of all or of this account
    1053,  # server shutdown in progress
    1317,  # the query was killed
    1927,  # connection killed
    2006,  # server has gone away
    2013,  # lost connection during query
    2014,  # commands out of sync, after a lost connection
    2055,
    4031,  # disconnected by the server because of inactivity
}  # fmt: skip
_SLOW = {
    1969,  # max_statement_time
    3024,  # max_execution_time
}
_ROW = {
    1048,  # column cannot be null
    1062,  # duplicate entry
    1169,  # unique constraint
    1216, 1217, 1451, 1452,  # foreign keys
    1264,  # out of range
    1265,  # data truncated
    1292,  # incorrect value
    1364,  # no default
    1366,  # incorrect string or integer value
    1367,  # illegal value found during parsing
    1406,  # data too long
    1411,  # incorrect value for function
    1416,  # cannot get geometry
    1525,  # incorrect value
    1586,  # duplicate entry
    1644,  # SIGNAL
    1690,  # out of range in an expression
    1918,  # bad data for a type
    1977, 3854,  # characters that can't be converted
    3140, 3141, 3156, 3157,  # JSON
    3819, 4025,  # CHECK constraint
    1153,  # packet too large: one row may be
    1118,  # row size too large
    1071,
    1105,
}  # fmt: skip
_OWN = 5000
"""From here on numbers are an application's: those that its triggers SIGNAL."""
_MEANING = {
    1040: "the server has as many connections as it takes",
    1203: "the account has as many connections as it may have",
    1226: "the account has used up what it may use in a while",
    1317: "somebody killed the query",
    1969: "a statement took longer than the server allows (max_statement_time)",
    3024: "a statement took longer than the server allows (max_execution_time)",
    1644: "a trigger refused it",
    1977: "a text has characters that the column's character set lacks",
    3854: "a text has characters that the column's character set lacks",
    1045: "the user or the password is wrong, or the account may not connect from here",
    1524: "the server has no plugin for the way in which the account shows who it is (auth plugin)",
    1698: "the account may not connect with a password",
    1820: "the account's password has expired",
    1862: "the account's password has expired",
    3118: "the account is locked",
    3159: "the server takes encrypted connections only; add ssl_ca=/path/to/ca.pem to the URL's parameters",
    4151: "the account is locked",
    1044: "the account has no privilege on the database",
    1049: "there is no such database",
    1142: "the account lacks a privilege on the table (`changeover grants` prints them all)",
    1143: "the account lacks a privilege on the column (`changeover grants` prints them all)",
    1227: "the account lacks a privilege (`changeover grants` prints them all)",
    1146: "the table does not exist",
    1054: "a column does not exist",
    1205: "a lock was held by somebody else for too long",
    1213: "a deadlock",
    2006: "the server closed the connection",
    2013: "the connection was lost",
    1048: "a column that must not be NULL got none",
    1062: "another row has the same unique value",
    1169: "another row has the same unique value",
    1216: "a foreign key leads to no row",
    1452: "a foreign key leads to no row",
    1217: "other rows refer to this row",
    1451: "other rows refer to this row",
    1264: "a number is out of range",
    1265: "a value would be cut",
    1292: "a value can't be read as its column's type",
    1364: "a column without a default got no value",
    1366: "a value can't be read as its column's type, or has characters that its character set lacks",
    1406: "a text is too long",
    1153: "the row is larger than max_allowed_packet of the new server",
    3819: "a CHECK constraint is violated",
    4025: "a CHECK constraint is violated",
}
_NAMES = (
    re.compile(r"for (?P<what>key) '(?P<name>[^']+)'$"),
    re.compile(r"for (?P<what>column) (?:`[^`]*`\.`[^`]*`\.)?[`'](?P<name>[^`']+)[`'] at row \d+$"),
    re.compile(r"^(?P<what>Column) '(?P<name>[^']+)' cannot be null$"),
    re.compile(r"(?P<what>CONSTRAINT) `(?P<name>[^`]+)` (?:FOREIGN KEY|failed)"),
)


def code(error: BaseException) -> int | None:
    """The server's number for an error of SQLAlchemy or PyMySQL, or None."""
    original = getattr(error, "orig", None) or error
    if isinstance(original, pymysql.err.MySQLError) and original.args and isinstance(original.args[0], int):
        return original.args[0]
    return None


def trouble(error: BaseException) -> Trouble:
    """See `Dialect.trouble`."""
    number = code(error)
    if number in _ROW or (number or 0) >= _OWN:
        return "row"
    if number in _SLOW:
        return "slow"
    if number in _TRANSIENT or isinstance(getattr(error, "orig", error), pymysql.err.InterfaceError):
        return "transient"
    return "fatal"


def explain(error: BaseException) -> str:
    """See `Dialect.explain`: the number's meaning and the column or key, never the server's text, which holds values."""
    original = getattr(error, "orig", None) or error
    number = code(error)
    if number is None:
        return type(original).__name__
    text = str(original.args[1]) if len(original.args) > 1 else ""
    found = next((match for pattern in _NAMES if (match := pattern.search(text))), None)
    if number == 1142 and "SHOW" in text.split():
        # Which statement was denied is said in any language.
        return f"the account may not see how the table is made, which takes a grant on all of it, not on columns [error {number}]"
    where = f" ({found['what'].lower()} {found['name']})" if found else ""
    return f"{_MEANING.get(number, _MEANING[1644] if number >= _OWN else 'the server refused it')}{where} [error {number}]"
