"""Whether a value that a mapping declares fits its column, judged by the new database itself."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from changeover.schema import ColumnShape, Schema
from changeover.types.base import Family
from changeover.types.postgres_probe import CREATE

_TEXT: dict[Family, str] = {
    "mysql": "CONVERT(:value USING utf8mb4)",
    "postgresql": "CAST(:value AS text)",
    "sqlite": "CAST(:value AS TEXT)",
}


def misfit(schema: Schema, column: ColumnShape, value: Any) -> str | None:
    """Why the column can't hold the value that a mapping's author wrote, None when it can."""
    if value is None:
        return None if column.nullable else "the column is NOT NULL"
    if column.kind is None:
        return None
    try:
        text = column.kind.format(value)
    except (ValueError, TypeError) as error:
        return str(error)
    found = column.kind.misfits("q.v", schema.dialect.family)
    if not found:
        return None
    # A CASE in this order tells the first reason, and keeps later predicates from texts that they can't be asked about.
    cases = " ".join(f"WHEN {one.predicate} THEN {place}" for place, one in enumerate(found))
    statement = f"SELECT CASE {cases} END FROM (SELECT {_TEXT[schema.dialect.family]} AS v) q"
    with schema.engine.connect() as connection:
        if schema.dialect.family == "postgresql":
            connection.exec_driver_sql(CREATE)
        place = connection.execute(sa.text(statement), {"value": text}).scalar()
    return None if place is None else found[int(place)].reason
