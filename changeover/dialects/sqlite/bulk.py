"""A chunk's rows joined into lines by SQLite, and staged by one prepared statement inside the process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from changeover.dialects.block import MOST_BYTES, Block, BlockTooLarge, UnstageableText, unescape
from changeover.dialects.raw import raw

_ESCAPES = (
    ("char(92)", "char(92) || char(92)"),
    ("char(9)", "char(92) || 't'"),
    ("char(10)", "char(92) || 'n'"),
    ("char(13)", "char(92) || 'r'"),
)


def read(connection: sa.Connection, select: sa.Select[Any]) -> Block:
    """See `Dialect.read`."""
    rows = select.subquery("r")
    # As text: a hundred columns nested as expressions are deeper than Python's stack, and a thousand than SQLite's parser.
    line = _joined([_field(f"r.{_quote(column.name)}") for column in rows.c])
    statement = sa.select(sa.literal_column(f"CAST({line} AS BLOB)")).select_from(rows)
    lines, size = list[bytes](), 0
    for data in connection.execute(statement).scalars():
        lines.append(data)
        size += len(data)
        if size > MOST_BYTES and len(lines) > 1:
            raise BlockTooLarge(f"more than {len(lines)} rows are too large for one chunk")
    return Block(b"\n".join(lines), len(lines))


def _joined(fields: Sequence[str]) -> str:
    """Fields with tabs between them; halved, so that the expression is as deep as a logarithm."""
    if len(fields) == 1:
        return fields[0]
    middle = len(fields) // 2
    return f"({_joined(fields[:middle])} || char(9) || {_joined(fields[middle:])})"


def _field(text: str) -> str:
    for raw_text, escaped in _ESCAPES:
        text = f"replace({text}, {raw_text}, {escaped})"
    return f"ifnull({text}, char(92) || 'N')"


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def stage(connection: sa.Connection, name: str, columns: Sequence[str], block: Block) -> None:
    """See `Dialect.stage`."""
    quoted = _quote(name)
    fields = ", ".join(f"{_quote(column)} TEXT" for column in columns)
    try:
        text = block.data.decode()
    except UnicodeDecodeError:
        raise UnstageableText("some text is not valid UTF-8") from None
    with raw(connection) as driver:
        driver.execute(f"DROP TABLE IF EXISTS temp.{quoted}")
        driver.execute(f"CREATE TEMPORARY TABLE {quoted} ({fields})")
        if not block.rows:
            return
        marks = ", ".join("?" * len(columns))
        lines = text.split("\n")
        plain = "\\" not in text
        split = (line.split("\t") for line in lines) if plain else (_fields(line) for line in lines)
        driver.executemany(f"INSERT INTO temp.{quoted} VALUES ({marks})", split)
        # Its size tells the planner to read it first: unknown tables are taken for a million rows.
        driver.execute(f"ANALYZE temp.{quoted}")


def _fields(line: str) -> list[str | None]:
    if "\\" not in line:
        return list(line.split("\t"))
    return [
        None if field == "\\N" else unescape(field.encode()).decode() if "\\" in field else field
        for field in line.split("\t")
    ]
