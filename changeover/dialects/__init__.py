"""One package a database: sessions, keyset predicates, bulk read, staging, statements, locks and ids.

`of` picks the one for a URL or an engine. Nothing outside this package and `changeover.types` knows a database by name.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import exc

from changeover.dialects.base import READING, Dialect, Side, TableName
from changeover.dialects.block import Block, BlockTooLarge, UnstageableText
from changeover.errors import ConfigurationError

__all__ = [
    "READING",
    "Block",
    "BlockTooLarge",
    "Dialect",
    "Side",
    "TableName",
    "UnstageableText",
    "of",
    "shown",
]

_DRIVERS = {
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
    "postgresql": "postgresql+psycopg",
    "sqlite": "sqlite",
}


def of(bind: sa.URL | sa.Engine | sa.Connection) -> Dialect:
    """The dialect of a URL, an engine or a connection. Raises ConfigurationError for a database that isn't supported."""
    backend = bind.get_backend_name() if isinstance(bind, sa.URL) else bind.dialect.name
    if backend in ("mysql", "mariadb"):
        from changeover.dialects.mysql import MySQL

        return MySQL()
    if backend == "postgresql":
        from changeover.dialects.postgresql import PostgreSQL

        return PostgreSQL()
    if backend == "sqlite":
        from changeover.dialects.sqlite import SQLite

        return SQLite()
    raise ConfigurationError(
        f"{backend!r} is not supported: use mysql+pymysql://, postgresql+psycopg:// or sqlite:///"
    )


def driver_url(text: str) -> sa.URL:
    """The URL with its driver spelled out: ``postgres://`` and ``mysql://`` are taken too.

    Raises: ConfigurationError when it can't be read (the URL itself is not repeated: it holds a password).
    """
    try:
        url = sa.make_url(text.replace("postgres://", "postgresql://", 1))
    except exc.ArgumentError:
        raise ConfigurationError(
            "the database URL can't be read: expected something like mysql+pymysql://user:password@host/name"
        ) from None
    backend = url.get_backend_name()
    if backend in _DRIVERS and "+" not in url.drivername:
        return url.set(drivername=_DRIVERS[backend])
    return url


def shown(url: sa.URL) -> str:
    """The URL as people may see it: driver, host, port and database. Passwords stand in its other parts, not in one alone."""
    return sa.URL.create(
        url.drivername, host=url.host, port=url.port, database=url.database
    ).render_as_string()
