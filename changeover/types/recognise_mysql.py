"""The kinds of MySQL's and MariaDB's column types, as SQLAlchemy reflects them."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

from changeover.types.base import Kind
from changeover.types.binary import Binary
from changeover.types.bit import Bit
from changeover.types.date import Date
from changeover.types.datetime import Datetime
from changeover.types.decimal import Decimal
from changeover.types.enum import Enum
from changeover.types.float import Float
from changeover.types.instant import Instant
from changeover.types.integer import Integer
from changeover.types.set import Set
from changeover.types.text import Text
from changeover.types.time import Time
from changeover.types.uuid import Uuid
from changeover.types.year import Year

INTEGER_BITS: dict[type[TypeEngine[Any]], int] = {
    mysql.TINYINT: 8,
    mysql.SMALLINT: 16,
    mysql.MEDIUMINT: 24,
    mysql.INTEGER: 32,
    mysql.BIGINT: 64,
}

# LONGTEXT and LONGBLOB hold 4 GiB, more than a packet carries: no limit that a row could meet.
OCTETS: dict[type[TypeEngine[Any]], int | None] = {
    mysql.TINYTEXT: 2**8 - 1,
    mysql.MEDIUMTEXT: 2**24 - 1,
    mysql.LONGTEXT: None,
    sa.TEXT: 2**16 - 1,
    mysql.TINYBLOB: 2**8 - 1,
    mysql.MEDIUMBLOB: 2**24 - 1,
    mysql.LONGBLOB: None,
    sa.BLOB: 2**16 - 1,
}


_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_RAW = {"0": "\0", "n": "\n", "r": "\r"}


def recognise_mysql(of: TypeEngine[Any], table_charset: str | None) -> Kind | None:
    """The kind of a reflected type, None for what is recognised alike on every database, or not at all."""
    unsigned = bool(getattr(of, "unsigned", False))
    for type_, bits in INTEGER_BITS.items():
        if isinstance(of, type_):
            return Integer(bits, unsigned, bool(getattr(of, "zerofill", False)))
    return _number(of, unsigned) or _moment(of) or _labels(of) or _octets(of, table_charset)


def _number(of: TypeEngine[Any], unsigned: bool) -> Kind | None:
    match of:
        case mysql.YEAR():
            return Year()
        case mysql.BIT():
            return Bit(of.length or 1)
        case mysql.FLOAT():
            return Float(64 if of.scale is None and (of.precision or 0) > 24 else 32)
        case mysql.DOUBLE() | mysql.REAL():
            return Float(64)
        case mysql.DECIMAL() | mysql.NUMERIC():
            return Decimal(of.precision or 10, of.scale or 0, unsigned, zerofill=bool(of.zerofill))
        case _:
            return None


def _moment(of: TypeEngine[Any]) -> Kind | None:
    match of:
        case mysql.DATETIME():
            return Datetime(of.fsp or 0, "mysql")
        case mysql.TIMESTAMP():
            return Instant(of.fsp or 0, "mysql")
        case mysql.TIME():
            return Time(of.fsp or 0, signed=True)
        case sa.DATE():
            return Date("mysql")
        case _:
            return None


def _labels(of: TypeEngine[Any]) -> Kind | None:
    match of:
        case mysql.ENUM():
            return Enum(tuple(map(unescaped, of.enums)), blank=True)
        case sa.Uuid():
            return Uuid(versioned=True)
        case mysql.SET():
            return Set(tuple(map(unescaped, of.values)))
        case _:
            return None


def _octets(of: Any, table_charset: str | None) -> Kind | None:
    limited = [octets for type_, octets in OCTETS.items() if isinstance(of, type_)]
    if isinstance(of, sa.String) and not isinstance(of, sa.Enum):
        charset = getattr(of, "charset", None) or _charset_of(of.collation) or table_charset
        charset = "utf8mb3" if charset == "utf8" else charset
        if limited:
            return Text(octets=limited[0], charset=charset)
        return Text(of.length, charset=charset, fixed=isinstance(of, sa.CHAR))
    if isinstance(of, sa.types._Binary):  # pyright: ignore[reportPrivateUsage]
        return Binary(limited[0] if limited else of.length, fixed=isinstance(of, sa.BINARY))
    return None


def unescaped(label: str) -> str:
    """A label as it is, of the spelling in SHOW CREATE TABLE, of which SQLAlchemy undoes the quotes only."""
    return _ESCAPE.sub(lambda found: _RAW.get(found[1], found[1]), label)


def _charset_of(collation: str | None) -> str | None:
    return collation.split("_", 1)[0] if collation else None
