"""The kinds of PostgreSQL's column types, as SQLAlchemy reflects them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ranges
from sqlalchemy.types import TypeEngine

from changeover.types.array import Array
from changeover.types.base import Kind
from changeover.types.binary import Binary
from changeover.types.bit import Bit
from changeover.types.date import Date
from changeover.types.datetime import Datetime
from changeover.types.decimal import Decimal
from changeover.types.enum import Enum
from changeover.types.instant import Instant
from changeover.types.integer import Integer
from changeover.types.interval import Interval
from changeover.types.json import Json
from changeover.types.native import Native
from changeover.types.text import Text
from changeover.types.time import Time

# Types whose output parses back to the same value. MONEY is not among them: its text depends on the server's locale.
NATIVE = (
    postgresql.INET,
    postgresql.CIDR,
    postgresql.MACADDR,
    postgresql.MACADDR8,
    postgresql.TSVECTOR,
    postgresql.TSQUERY,
    postgresql.HSTORE,
    ranges.AbstractRange,
)


def recognise_postgresql(of: TypeEngine[Any], recognise: Callable[..., Kind]) -> Kind | None:
    """The kind of a reflected type, None for what is recognised alike on every database, or not at all.

    ``recognise`` recognises the type that a domain or an array is made of.
    """
    match of:
        case postgresql.DOMAIN():
            return recognise(of.data_type, "postgresql")
        case sa.ARRAY():
            return Array(recognise(of.item_type, "postgresql"), _sql_name(of))
        case postgresql.BIT():
            return Native(_sql_name(of)) if of.varying else Bit(of.length or 1)
        case postgresql.ENUM():
            return Enum(tuple(of.enums), _sql_name(of))
        case postgresql.CITEXT():
            return Text(nul=False)
        case postgresql.JSONB():
            return Json(normalises=True)
        case postgresql.BYTEA():
            return Binary()
        case _ if isinstance(of, NATIVE):
            return Native(_sql_name(of))
        case _:
            return _moment(of) or _number(of)


def _moment(of: TypeEngine[Any]) -> Kind | None:
    precision = 6 if getattr(of, "precision", None) is None else getattr(of, "precision", 6)
    match of:
        case postgresql.TIMESTAMP():
            return (Instant if of.timezone else Datetime)(precision, "postgresql")
        case postgresql.TIME():
            return None if of.timezone else Time(precision)
        case postgresql.INTERVAL():
            return Interval()
        case sa.DATE():
            return Date("postgresql")
        case _:
            return None


def _number(of: TypeEngine[Any]) -> Kind | None:
    match of:
        case postgresql.OID():
            return Integer(32, unsigned=True)
        case sa.NUMERIC() if of.precision is not None and (of.scale or 0) < 0:
            return Decimal(of.precision - (of.scale or 0), 0, nan=True)
        case _:
            return None


def _sql_name(of: TypeEngine[Any]) -> str:
    return of.compile(dialect=postgresql.dialect())
