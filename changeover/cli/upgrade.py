"""``changeover upgrade``: the ledger in the new database, for those who have their own migrations for the rest."""

from __future__ import annotations

import io
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import sqlalchemy as sa
import typer
from sqlalchemy.exc import DBAPIError

import changeover
from changeover.cli import options, output
from changeover.dialects import of, shown
from changeover.errors import ConnectionRefused, LedgerMissing
from changeover.ledger import LEDGER_VERSION
from changeover.ledger.version import look
from changeover.settings import NEW_URL, mask, new_url

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(changeover.__file__).parent.parent / "migrations"
HEAD = "ledger@head"


def upgrade(
    sql: Annotated[
        bool, typer.Option("--sql", help="Print the statements for an administrator, and run nothing.")
    ] = False,
    json: options.Json = False,
    _debug: options.Debug = False,
) -> None:
    """Create the ledger (Changeover's control tables) in the new database, or bring it up to date.

    The same as `alembic upgrade ledger@head`. The new schema's own tables are left alone, and where there is nothing to
    do nothing is done. An upgrade that was interrupted is gone on with.

    Examples:

      changeover upgrade
      changeover upgrade --sql > ledger.sql
    """
    url = new_url()
    # Imported here: it takes a third of a second, which no other command has to wait for.
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    if sql:
        statements = _statements(config, url)
        if json:
            output.document({"command": "upgrade", "ok": True, "version": LEDGER_VERSION, "sql": statements})
        else:
            typer.echo(statements, nl=False)
        return
    _run(config, url)
    if json:
        output.document({"command": "upgrade", "ok": True, "version": LEDGER_VERSION})
    else:
        output.answer(f"the ledger in the new database ({shown(url)}) is at {LEDGER_VERSION}")


def _run(config: Config, url: sa.URL) -> None:
    from alembic import command

    engine = of(url).engine(url, "new", 1)
    try:
        with _connected(engine) as connection:
            found = look(connection)
            connection.rollback()
            if found.state in ("newer", "incomplete"):
                raise LedgerMissing(f"{found.message}: {found.remedy}")
            config.attributes["connection"] = connection
            command.upgrade(config, HEAD)
    finally:
        engine.dispose()


@contextmanager
def _connected(engine: sa.Engine) -> Generator[sa.Connection]:
    try:
        connection = engine.connect()
    except DBAPIError as error:
        reason = mask(" ".join(str(error.orig).split()))
        raise ConnectionRefused(
            f"the new database ({shown(engine.url)}) can't be reached: {reason}; look at {NEW_URL}"
        ) from None
    with connection:
        yield connection


def _statements(config: Config, url: sa.URL) -> str:
    """What Alembic would run. It reads the URL, and so the dialect, from the environment; nothing is connected to."""
    from alembic import command

    buffer = io.StringIO()
    config.output_buffer = buffer
    given: dict[str, Any] = {NEW_URL: url.render_as_string(hide_password=False)}
    before = os.environ.get(NEW_URL)
    os.environ.update(given)
    try:
        command.upgrade(config, HEAD, sql=True)
    finally:
        if before is not None:
            os.environ[NEW_URL] = before
    return buffer.getvalue()
