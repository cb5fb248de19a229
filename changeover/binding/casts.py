"""Casts that mean the same in every process.

Dagster's storage redefines, for the whole process, how SQLAlchemy spells its generic DATETIME and TIMESTAMP on MySQL. A mapping's
cast would keep six digits of a fraction where Dagster is loaded, and drop them on the command line: other values, and another
fingerprint.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.sql import visitors

from changeover.mapping import Mapping
from changeover.types.base import Family


def pin_casts(mapping: Mapping, family: Family) -> None:
    """Give each cast of the mapping to a generic date and time its spelling: on MySQL, with the fraction."""
    if family != "mysql":
        return
    written = [value for values in mapping.expressions().values() for value in values]
    written += [join.on for join in mapping.joins]
    if mapping.where is not None:
        written.append(mapping.where)
    for expression in written:
        for part in visitors.iterate(expression):
            if isinstance(part, sa.Cast) and type(part.type) in (sa.DateTime, sa.DATETIME, sa.TIMESTAMP):
                part.type = part.typeclause.type = mysql.DATETIME(fsp=6)
