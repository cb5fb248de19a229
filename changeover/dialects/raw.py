"""The driver's own connection, for what SQLAlchemy has no words for: COPY, LOAD DATA, table locks."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc


@contextmanager
def raw(connection: sa.Connection) -> Generator[Any, None, None]:
    """The driver's connection under ``connection``, whose transaction goes on.

    Raises: whatever SQLAlchemy itself would raise for the driver's error, so that a chunk is tried again for the same reasons
    however its statement was sent; a connection that was lost is given up, as SQLAlchemy does.
    """
    dialect = connection.dialect
    fairy = connection.connection
    base: type[Exception] = dialect.loaded_dbapi.Error  # type: ignore[attr-defined]
    try:
        yield fairy.driver_connection
    except base as error:
        lost = dialect.is_disconnect(error, fairy.dbapi_connection, None)  # type: ignore[arg-type]
        if lost:
            connection.invalidate(error)
        raise exc.DBAPIError.instance(
            None, None, error, base, hide_parameters=True, connection_invalidated=lost, dialect=dialect
        ) from error
