"""What the triggers of PostgreSQL do: the body of a table's function.

A statement is noted as a whole, from its transition tables: an entry each costs a third of what a call of the function for each row
does. Rows are noted one by one where no such trigger sees them all: in tables that statements reach through another's name, and
wherever changes are replayed row by row.
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


def body(watched: Watched, outbox: Outbox) -> Iterator[str]:
    """The statements of a table's function, which serves all of its triggers."""
    yield f"IF TG_OP {_EQUAL} 'TRUNCATE' THEN"
    yield indented(
        [f"{_into(outbox)}\nVALUES ({literal(outbox.truncated)}, {literal(str(watched.table))}, {_NOW});"]
    )
    if watched.alone:
        yield f"ELSIF TG_LEVEL {_EQUAL} 'STATEMENT' THEN"
        yield indented(list(_by_event(*([step(n, outbox) for n in watched.notes] for step in _STATEMENTS))))
    yield "ELSE"
    yield indented(list(_by_event(*([step(n, outbox) for n in watched.notes] for step in _ROWS))))
    yield "END IF;"


def _by_event(insert: list[str], delete: list[str], update: list[str]) -> Iterator[str]:
    yield f"IF TG_OP {_EQUAL} 'INSERT' THEN"
    yield indented(insert)
    yield f"ELSIF TG_OP {_EQUAL} 'DELETE' THEN"
    yield indented(delete)
    yield "ELSE"
    yield indented(update)
    yield "END IF;"


# A statement's rows


def _all_inserted(note: Note, outbox: Outbox) -> str:
    return _from(note, outbox, _keys(note, NEW_ROWS, "DISTINCT " if note.nullable else ""))


def _all_deleted(note: Note, outbox: Outbox) -> str:
    return _from(note, outbox, _keys(note, OLD_ROWS, "DISTINCT " if note.nullable else ""))


def _all_updated(note: Note, outbox: Outbox) -> str:
    return _from(note, outbox, f"{_keys(note, NEW_ROWS)}\nUNION\n{_keys(note, OLD_ROWS)}")


def _keys(note: Note, rows: str, distinct: str = "") -> str:
    """Keys are told apart byte for byte, whatever their column's collation takes for equal."""
    where = f" WHERE {_present(note, 't')}" if note.nullable else ""
    return f"SELECT {distinct}({_key(note, 't')}) {_BYTES} AS key FROM {quote(rows)} AS t{where}"


def _from(note: Note, outbox: Outbox, keys: str) -> str:
    return f"{_into(outbox)}\nSELECT {literal(note.source)}, key, {_NOW} FROM (\n{indented([keys])}\n) AS changed;"


# A row


def _inserted(note: Note, outbox: Outbox) -> str:
    return _noted(note, "NEW", outbox)


def _deleted(note: Note, outbox: Outbox) -> str:
    return _noted(note, "OLD", outbox)


def _updated(note: Note, outbox: Outbox) -> str:
    return f"{_noted(note, 'NEW', outbox)}\n{_if(_other(note), _noted(note, 'OLD', outbox))}"


_STATEMENTS = (_all_inserted, _all_deleted, _all_updated)
_ROWS = (_inserted, _deleted, _updated)


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
