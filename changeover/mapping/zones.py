"""`utc`: a wall-clock column as an instant, its zone declared by the mapping. DATETIME itself has no zone."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement

from changeover.mapping.marks import NO_ZONE

_OFFSET = re.compile(r"[+-](0\d|1[0-4]):[0-5]\d")
_ZONE = re.compile(r"UTC|[A-Za-z]+(/[A-Za-z0-9_+\-]+)+")


class utc(ColumnElement[Any]):  # noqa: N801 - written like the functions it stands among
    """The column ``value``, a wall clock in ``zone``, in UTC: computed by the old database.

    Parameters: ``zone`` is a fixed offset (``+09:00``), which every database knows, or a name (``Asia/Seoul``), which
    PostgreSQL knows, MariaDB and MySQL know after `mysql_tzinfo_to_sql`, and SQLite doesn't.
    """

    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012 - as SQLAlchemy declares it
        ("value", sa.sql.visitors.InternalTraversal.dp_clauseelement),
        ("zone", sa.sql.visitors.InternalTraversal.dp_string),
    ]

    def __init__(self, value: ColumnElement[Any], zone: str) -> None:
        self.value = value
        self.zone = zone
        self.type = sa.DateTime(timezone=True)
        if not _OFFSET.fullmatch(zone) and not _ZONE.fullmatch(zone):
            raise ValueError(
                f"utc(zone={zone!r}): expected an offset like '+09:00', a name like 'Asia/Seoul', or 'UTC'"
            )


@compiles(utc)
def _unknown(element: utc, compiler: SQLCompiler, **kw: Any) -> str:
    raise NotImplementedError(f"utc() is not known for {compiler.dialect.name}")


@compiles(utc, "mysql")
@compiles(utc, "mariadb")
def _mysql(element: utc, compiler: SQLCompiler, **kw: Any) -> str:
    # CONVERT_TZ answers NULL for a zone it has not loaded and for zero dates: the mark makes a reject of what would be lost.
    value = compiler.process(element.value, **kw)
    zone = "+00:00" if element.zone == "UTC" else element.zone
    shifted = f"CONVERT_TZ({value}, '{zone}', '+00:00')"
    return f"CASE WHEN {value} IS NULL THEN NULL ELSE COALESCE({shifted}, CONCAT('{NO_ZONE}', {value})) END"


@compiles(utc, "postgresql")
def _postgresql(element: utc, compiler: SQLCompiler, **kw: Any) -> str:
    # As an interval, '+09:00' means what it says; as a zone's name, PostgreSQL reads it with the POSIX sign, reversed.
    zone = f"INTERVAL '{element.zone}'" if _OFFSET.fullmatch(element.zone) else f"'{element.zone}'"
    return f"(({compiler.process(element.value, **kw)})::timestamp AT TIME ZONE {zone})"


@compiles(utc, "sqlite")
def _sqlite(element: utc, compiler: SQLCompiler, **kw: Any) -> str:
    if element.zone != "UTC" and not _OFFSET.fullmatch(element.zone):
        raise NotImplementedError(
            f"SQLite knows no zone names: write {element.zone!r} as an offset like '+09:00'"
        )
    return f"changeover_shift({compiler.process(element.value, **kw)}, {_seconds(element.zone)}, '{NO_ZONE}')"


def _seconds(zone: str) -> int:
    if zone == "UTC":
        return 0
    sign = 1 if zone[0] == "-" else -1
    return sign * (int(zone[1:3]) * 3600 + int(zone[4:6]) * 60)
