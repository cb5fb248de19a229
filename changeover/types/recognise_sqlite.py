"""The kinds of SQLite's declared column types, as SQLAlchemy reflects them.

SQLite declares little: a column takes any value, and its affinity, told from the type's name, may turn text that looks
like a number into one. SQLAlchemy resolves names it does not know by the same rules of affinity (``STRING`` is numeric,
``FLOATING POINT`` an integer), so the kind always says what SQLite will do to a value, not what the name suggests.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from changeover.types.base import Kind
from changeover.types.binary import Binary
from changeover.types.boolean import Boolean
from changeover.types.date import Date
from changeover.types.datetime import Datetime
from changeover.types.decimal import Decimal
from changeover.types.float import Float
from changeover.types.integer import Integer
from changeover.types.json import Json
from changeover.types.text import Text
from changeover.types.time import Time


def recognise_sqlite(of: TypeEngine[Any]) -> Kind | None:
    """The kind of a reflected type, None for what is recognised alike on every database, or not at all."""
    return _number(of) or _moment(of) or _other(of)


def _number(of: TypeEngine[Any]) -> Kind | None:
    match of:
        case sa.Boolean():
            return Boolean()
        case sa.Integer():
            return Integer(64)
        case sa.Float():
            return Float(64, specials=("Infinity",))
        case sa.Numeric():
            return Decimal(of.precision, of.scale if of.precision is None else of.scale or 0, binary=True)
        case _:
            return None


def _moment(of: TypeEngine[Any]) -> Kind | None:
    match of:
        case sa.DateTime():
            return Datetime(6, "sqlite")
        case sa.DATE():
            return Date("sqlite")
        case sa.Time():
            return Time(free=True)
        case _:
            return None


def _other(of: TypeEngine[Any]) -> Kind | None:
    match of:
        case sa.JSON():
            return Json(numeric=True)
        case sa.BLOB():
            return Binary()
        case sa.String():
            return Text(of.length)  # it keeps spaces at the end, also in a CHAR
        case _:
            return None
