"""Whether the ledger is there, whole, and of the version that this code works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from changeover.dialects import READING
from changeover.errors import LedgerMissing
from changeover.ledger.tables import LEDGER_VERSION, metadata

VERSION_TABLE = "changeover_version"
"""Where Alembic notes the revision; the new application may have a table of Alembic's own name."""

UPGRADE = "run `changeover upgrade`, or `alembic upgrade ledger@head`"

State = Literal["ready", "absent", "unfinished", "incomplete", "older", "newer"]
"""``unfinished``: an upgrade was interrupted between two tables. ``incomplete``: a table was dropped since."""


@dataclass(frozen=True)
class Ledger:
    """What the new database holds of a ledger; of one that can't be used, what is wrong and what to do."""

    state: State
    message: str = ""
    remedy: str = ""


def look(connection: sa.Connection) -> Ledger:
    """The ledger of the new database, as it is."""
    inspector = sa.inspect(connection)
    missing = [name for name in metadata.tables if not inspector.has_table(name)]
    noted: list[str] | None = None
    if inspector.has_table(VERSION_TABLE):
        found = connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars()
        noted = sorted(str(version) for version in found if str(version).startswith("ledger_"))
    return _judged(missing, noted)


def check_version(engine: sa.Engine) -> None:
    """Raises LedgerMissing, saying what to do, unless the control tables stand in the version this code works with."""
    with engine.execution_options(**READING).connect() as connection:
        found = look(connection)
    if found.state != "ready":
        raise LedgerMissing(f"{found.message}: {found.remedy}")


def _judged(missing: list[str], noted: list[str] | None) -> Ledger:
    """Revisions are numbered, so the later one is the greater. One without a note of it was made by other means, at once."""
    if noted and noted[-1] > LEDGER_VERSION:
        return Ledger(
            "newer",
            f"the ledger in the new database is of version {noted[-1]}, and this Changeover works with {LEDGER_VERSION}",
            "install the newer Changeover that made it",
        )
    if noted and noted[-1] < LEDGER_VERSION:
        return Ledger(
            "older",
            f"the ledger in the new database is of version {noted[-1]}, and this Changeover works with {LEDGER_VERSION}",
            UPGRADE,
        )
    if noted and missing:
        return Ledger(
            "incomplete",
            f"the ledger in the new database has lost {', '.join(missing)}",
            f"restore it from a backup; or, if nothing was moved that matters, drop its other tables and {VERSION_TABLE}, and "
            f"{UPGRADE}",
        )
    if len(missing) == len(metadata.tables):
        return Ledger("absent", "the new database has no ledger (Changeover's control tables)", UPGRADE)
    if missing or noted == []:
        return Ledger(
            "unfinished",
            "the ledger in the new database is not complete: an upgrade was interrupted",
            f"{UPGRADE}, which makes what is missing",
        )
    return Ledger("ready")
