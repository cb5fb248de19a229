"""The ledger's tables as Markdown, from the definitions that the engine and its migration share."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from changeover.ledger import metadata


def control_table(name: str) -> str:
    """A table's columns and indexes."""
    table = metadata.tables[name]
    rows = [f"| `{c.name}` | {_type(c)} | {_null(c)} | {c.comment or ''} |" for c in table.columns]
    return "\n".join(["| column | type | NULL | |", "| --- | --- | --- | --- |", *rows, "", *_keys(table)])


def _type(column: sa.Column[Any]) -> str:
    kind = column.type
    return "root key" if type(kind).__name__ == "KeyText" else str(kind).lower()


def _null(column: sa.Column[Any]) -> str:
    return "yes" if column.nullable else "no"


def _keys(table: sa.Table) -> list[str]:
    found = [f"Primary key ({_names(table.primary_key.columns)})."]
    uniques = [c for c in table.constraints if isinstance(c, sa.UniqueConstraint)]
    found += [f"Unique ({_names(unique.columns)})." for unique in sorted(uniques, key=lambda u: str(u.name))]
    found += [
        f"Index ({_names(index.columns)})." for index in sorted(table.indexes, key=lambda i: str(i.name))
    ]
    return [" ".join(found)]


def _names(columns: Any) -> str:
    return ", ".join(f"`{column.name}`" for column in columns)
