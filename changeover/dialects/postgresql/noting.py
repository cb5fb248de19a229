"""What the triggers of PostgreSQL do: the body of a table's function.

What a statement inserts or deletes is noted as a whole, from its transition table: an entry costs a third of what a call of the
function for each row does. An update would have two such tables, old keys to be found in one and not in the other, which costs a
statement of one row more than it saves: updates are noted row by row. So is everything where no trigger of statements sees all: in
tables that statements reach through another's name, and wherever changes are replayed.
"""

from __future__ import annotations

from collections.abc import Iterator

from changeover.dialects.base import TableName
from changeover.dialects.postgresql.naming import quote
from changeover.dialects.triggers import PREFIX, Note, Outbox, Watched, indented

NEW_ROWS, OLD_ROWS = f"{PREFIX}new", f"{PREFIX}old"
"""The transition tables."""

_NOW = "pg_catalog.clock_timestamp() AT TIME ZONE 'UTC'"
_EQUAL, _DIFFERENT = "OPERATOR(pg_catalog.=)", "OPERATOR(pg_catalog.<>)"
_BYTES = 'COLLATE pg_catalog."C"'


def names_all(watched: Watched, outbox: Outbox) -> bool:
    """The body looks nothing up by the session's search path: all that it names is named with its schema.

    A key's SQL is written without schemas, but for a single number it is a cast and nothing else.
    """
    return outbox.table.schema is not None and all(_is_number(note) for note in watched.notes)


def statements(watched: Watched, outbox: Outbox) -> Iterator[str]:
    """The statements of a table's function, which serves all of its triggers."""
    yield f"IF TG_OP {_EQUAL} 'TRUNCATE' THEN"
    yield indented(
        [f"{_into(outbox)}\nVALUES ({literal(outbox.truncated)}, {literal(str(watched.table))}, {_NOW});"]
    )
    if watched.alone:
        yield f"ELSIF TG_LEVEL {_EQUAL} 'STATEMENT' THEN"
        yield f"  IF TG_OP {_EQUAL} 'INSERT' THEN"
        yield indented([_all(n, NEW_ROWS, outbox) for n in watched.notes], "    ")
        yield "  ELSE"
        yield indented([_all(n, OLD_ROWS, outbox) for n in watched.notes], "    ")
        yield "  END IF;"
    for event, row in (("INSERT", "NEW"), ("DELETE", "OLD")):
        yield f"ELSIF TG_OP {_EQUAL} '{event}' THEN"
        yield indented([_noted(note, row, outbox) for note in watched.notes])
    yield "ELSE"
    for note in watched.notes:
        yield indented([_noted(note, "NEW", outbox), _if(_other(note), _noted(note, "OLD", outbox))])
    yield "END IF;"


def _all(note: Note, rows: str, outbox: Outbox) -> str:
    """What a joined table is asked by, many of its rows have in common. Whatever a collation takes for equal, bytes decide."""
    into, key = _into(outbox), _key(note, "t")
    if not note.nullable:
        return f"{into}\nSELECT {literal(note.source)}, {key}, {_NOW} FROM {quote(rows)} AS t;"
    return (
        f"{into}\nSELECT {literal(note.source)}, key, {_NOW} FROM (\n"
        f"  SELECT DISTINCT ({key}) {_BYTES} AS key FROM {quote(rows)} AS t WHERE {_present(note, 't')}\n) AS changed;"
    )


def _noted(note: Note, row: str, outbox: Outbox) -> str:
    statement = f"{_into(outbox)}\nVALUES ({literal(note.source)}, {_key(note, row)}, {_NOW});"
    return _if(_present(note, row), statement) if note.nullable else statement


def _other(note: Note) -> str:
    """SQL: the row has another key than it had."""
    if not note.numbers:
        return f"({note.old}) {_BYTES} IS DISTINCT FROM ({note.new})"
    pairs = [(f"OLD.{quote(c)}", f"NEW.{quote(c)}") for c in note.columns]
    different = [f"{one} {_DIFFERENT} {other}" for one, other in pairs]
    if note.nullable:
        different += [f"({one} IS NULL) {_DIFFERENT} ({other} IS NULL)" for one, other in pairs]
    return " OR ".join(different)


def _key(note: Note, row: str) -> str:
    if _is_number(note):
        return f"CAST({row}.{quote(note.columns[0])} AS pg_catalog.text)"
    return {"NEW": note.new, "OLD": note.old}.get(row, note.found)


def _is_number(note: Note) -> bool:
    return note.numbers and len(note.columns) == 1


def _present(note: Note, row: str) -> str:
    return " AND ".join(f"{row}.{quote(c)} IS NOT NULL" for c in note.columns)


def _if(condition: str, statement: str) -> str:
    return f"IF {condition} THEN\n{indented([statement])}\nEND IF;"


def _into(outbox: Outbox) -> str:
    return f"INSERT INTO {table_name(outbox.table)} (source, row_key, at)"


def literal(text: str) -> str:
    """A text that is read alike whatever ``standard_conforming_strings`` says."""
    quoted = "'" + text.replace("'", "''") + "'"
    return "E" + quoted.replace("\\", "\\\\") if "\\" in text else quoted


def table_name(table: TableName) -> str:
    """The table in a statement."""
    return f"{quote(table.schema)}.{quote(table.name)}" if table.schema else quote(table.name)
