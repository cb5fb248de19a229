"""How the three old applications spell what the new schema says plainly: no date, no text, yes and no, codes, days.

Each function is an SQLAlchemy expression that the old database computes, the same on MariaDB, PostgreSQL and SQLite.
Nothing here is part of the engine: these are the habits of three applications, and yours will have others.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import case, func

from changeover.mapping import ValueMap, value_map

Value = sa.ColumnElement[Any]

FIRST_REAL_MOMENT = datetime(1000, 1, 1)  # noqa: DTZ001 - a wall clock, in the zone of the column it is compared with
NO_DAY = ("", "00000000", "99991231")


def no_date(moment: Value) -> Value:
    """NULL where there is no date: ``0000-00-00 00:00:00``, or ``0001-01-01`` where the database has no zero date."""
    return case((moment < FIRST_REAL_MOMENT, None), else_=moment)


def day(text: Value) -> Value:
    """``20231104`` as ``2023-11-04``; NULL for no day, for no end (``99991231``) and where month or day is unknown."""
    year, month, date = func.substr(text, 1, 4), func.substr(text, 5, 2), func.substr(text, 7, 2)
    unknown = sa.or_(text.in_(NO_DAY), month == "00", date == "00")
    return case((unknown, None), else_=year.concat("-").concat(month).concat("-").concat(date))


def blank(text: Value) -> Value:
    """NULL for the empty text."""
    return func.nullif(text, "")


def trimmed(text: Value) -> Value:
    """Without spaces at both ends."""
    return func.trim(text)


def code(text: Value) -> Value:
    """A code that people typed in either case, some with spaces: ``' a01'`` is ``'A01'``."""
    return func.upper(func.trim(text))


def yes(text: Value) -> ValueMap:
    """``Y`` and ``N`` in either case; never answered (the empty text) is no."""
    return value_map(func.upper(text), {"Y": True, "N": False, "": False})


def flag(number: Value) -> Value:
    """A number that is 0 for no."""
    return number != 0
