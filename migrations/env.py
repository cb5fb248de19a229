"""Runs revisions on the new database, or prints their SQL with `--sql`.

Two branches stand side by side, so the words are `upgrade heads` and `downgrade base` (or `schema@base`).
A program hands its own connection over in `config.attributes["connection"]`; otherwise CHANGEOVER_NEW_URL names the
database, from the environment or a `.env` file.
"""

from __future__ import annotations

import os
from logging.config import fileConfig

import sqlalchemy as sa
from alembic import context
from alembic.util import CommandError
from dotenv import find_dotenv, load_dotenv

# The new application may keep an `alembic_version` of its own in the same database.
VERSION_TABLE = "changeover_version"


def main() -> None:
    """What Alembic does on loading this file."""
    connection: sa.Connection | None = context.config.attributes.get("connection")
    if connection is not None:
        _run(connection)
        return
    if context.config.config_file_name is not None:
        fileConfig(context.config.config_file_name, disable_existing_loggers=False)
    if context.is_offline_mode():
        context.configure(url=_url(), version_table=VERSION_TABLE, literal_binds=True)
        with context.begin_transaction():
            context.run_migrations()
        return
    engine = sa.create_engine(_url(), poolclass=sa.NullPool, hide_parameters=True)
    with engine.connect() as connection:
        _run(connection)


def _run(connection: sa.Connection) -> None:
    context.configure(connection=connection, version_table=VERSION_TABLE)
    with context.begin_transaction():
        context.run_migrations()
    if connection.in_transaction():
        connection.commit()


def _url() -> str:
    load_dotenv(find_dotenv(usecwd=True))
    url = os.environ.get("CHANGEOVER_NEW_URL")
    if not url:
        raise CommandError(
            "CHANGEOVER_NEW_URL is not set: give the new database's URL, for example "
            "mariadb+pymysql://user:password@host/name, in the environment or in .env"
        )
    return url


main()
