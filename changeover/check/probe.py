"""Questions put to a live database. They read no more than an index entry or a system table says, and change
nothing."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from changeover.dialects import of
from changeover.dialects.postgresql.errors import hides_rows
from changeover.schema import Schema

WORDS = 300
"""Characters of a server's message that are shown."""


def answer(schema: Schema, statement: sa.Executable | str, values: dict[str, Any] | None = None) -> Any:
    """The first row of the answer, None when there is none. Raises: the database's error."""
    asked = sa.text(statement) if isinstance(statement, str) else statement
    with schema.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        return connection.execute(asked, values or {}).first()


FOLDS = "it makes one row where there is none: an aggregate would fold each chunk into one row"
"""What is wrong with a statement that answers with a row although no row fulfils its condition."""


def complaint(schema: Schema, select: sa.Select[Any]) -> str | None:
    """Why a chunk can't be read by this statement, in the server's words, or because it `FOLDS`; None when it can, or would but
    for row-level security.

    The statement must select no rows: the server's words then hold nothing but what the mapping's author wrote.
    Raises: NotImplementedError for a zone that the database doesn't know.
    """
    try:
        with schema.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            return FOLDS if schema.dialect.read(connection, select).rows else None
    except (SQLAlchemyError, dbapi_error(schema.engine)) as error:
        # `missing-privilege` reports whom policies hide rows from.
        return None if hides_rows(error) else words(error)


def words(error: BaseException) -> str:
    """The message of the server, or of SQLAlchemy, on one line."""
    original = getattr(error, "orig", None) or error
    diagnosis = getattr(original, "diag", None)
    text = str(diagnosis.message_primary if diagnosis else original.args[-1] if original.args else original)
    line = " ".join(text.split())
    return line if len(line) <= WORDS else line[:WORDS] + "…"


def reason(schemas: tuple[Schema, ...], error: DBAPIError) -> str:
    """Why a question could not be answered, without values of rows."""
    for schema in schemas:
        if isinstance(error.orig, dbapi_error(schema.engine)):
            return of(schema.engine).explain(error)
    return type(error.orig).__name__


def told(error: Exception) -> str:
    """An error that nobody expected: its text only where it speaks of a declaration, and not perhaps of a row's value."""
    name = type(error).__name__
    speaks = isinstance(error, (SQLAlchemyError, TypeError, AttributeError)) and not isinstance(
        error, DBAPIError
    )
    return f"{name}: {' '.join(str(error).split())}" if speaks else name


def dbapi_error(engine: sa.Engine) -> type[Exception]:
    """The driver's root of errors: bulk reads pass SQLAlchemy by."""
    return engine.dialect.loaded_dbapi.Error
