"""From SQLAlchemy's types, reflected from a database or inferred for an expression, to kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from changeover.errors import UnsupportedType
from changeover.types.base import Family, Kind
from changeover.types.binary import Binary
from changeover.types.boolean import Boolean
from changeover.types.date import Date
from changeover.types.datetime import Datetime
from changeover.types.decimal import Decimal
from changeover.types.enum import Enum
from changeover.types.float import Float
from changeover.types.instant import Instant
from changeover.types.integer import Integer
from changeover.types.json import Json
from changeover.types.recognise_mysql import recognise_mysql
from changeover.types.recognise_postgresql import recognise_postgresql
from changeover.types.recognise_sqlite import recognise_sqlite
from changeover.types.text import Text
from changeover.types.time import Time
from changeover.types.unknown import Unknown
from changeover.types.uuid import Uuid


def recognise(
    of: TypeEngine[Any],
    family: Family,
    *,
    computed: bool = False,
    charset: str | None = None,
    document: bool = False,
) -> Kind:
    """The kind of a column or an expression.

    Parameters: ``of`` is its SQLAlchemy type, reflected where it is a column's. ``computed`` says that it is an
    expression's: a type that is not known is then ``Unknown``. ``charset`` is the default character set of the table,
    reflected as the table option ``mysql_default charset`` (MySQL's columns state their own only where it is another).
    ``document`` says that a CHECK of the table demands JSON of a text column, as MariaDB's JSON does.

    Raises: UnsupportedType for a column whose type Changeover does not carry.
    """
    kind = _of_family(of, family, charset) or _generic(of, family)
    if document and isinstance(kind, Text):
        return Json()
    if kind is not None:
        return kind
    if computed or (family == "sqlite" and isinstance(of, sa.types.NullType)):
        return Unknown()
    raise UnsupportedType(
        f"its type ({_spelled(of)}) is not one that Changeover carries from or to {family}; "
        "read it through an expression of a known type, such as cast(old.column, Text), or leave it out"
    )


def _of_family(of: TypeEngine[Any], family: Family, charset: str | None) -> Kind | None:
    if family == "mysql":
        return recognise_mysql(of, charset)
    if family == "postgresql":
        return recognise_postgresql(of, recognise)
    return recognise_sqlite(of)


def _generic(of: TypeEngine[Any], family: Family) -> Kind | None:
    for type_, kind in _GENERIC:
        if isinstance(of, type_):
            return kind(of, family)
    return None


def _float(of: Any, family: Family) -> Kind:
    single = isinstance(of, sa.REAL) if family == "postgresql" else not isinstance(of, (sa.Double, sa.REAL))
    precise = of.precision is not None and of.precision > 24
    bits = 32 if family != "sqlite" and ((single and not precise) or (of.precision or 53) <= 24) else 64
    return Float(bits, ("NaN", "Infinity") if family == "postgresql" else ())


# The first that fits counts: a subclass stands before its parent.
_GENERIC: list[tuple[type[TypeEngine[Any]], Callable[[Any, Family], Kind | None]]] = [
    (sa.Boolean, lambda _of, _family: Boolean()),
    (sa.SmallInteger, lambda _of, _family: Integer(16)),
    (sa.BigInteger, lambda _of, _family: Integer(64)),
    (sa.Integer, lambda _of, _family: Integer(32)),
    (sa.Float, _float),
    (sa.Numeric, lambda of, family: Decimal(of.precision, of.scale, nan=family == "postgresql")),
    (sa.DateTime, lambda of, _family: Instant() if of.timezone else Datetime()),
    (sa.Date, lambda _of, _family: Date()),
    (sa.Time, lambda of, family: None if of.timezone else Time(signed=family == "mysql")),
    (sa.Uuid, lambda _of, _family: Uuid()),
    (sa.JSON, lambda _of, family: Json(normalises=family == "mysql")),
    (sa.Enum, lambda of, _family: Enum(tuple(of.enums))),
    (
        sa.String,
        lambda of, family: Text(of.length, fixed=isinstance(of, sa.CHAR), nul=family != "postgresql"),
    ),
    (sa.LargeBinary, lambda of, _family: Binary(of.length)),
    (sa.BINARY, lambda of, _family: Binary(of.length, fixed=True)),
    (sa.VARBINARY, lambda of, _family: Binary(of.length)),
]


def _spelled(of: TypeEngine[Any]) -> str:
    return "not known to SQLAlchemy" if isinstance(of, sa.types.NullType) else type(of).__name__
