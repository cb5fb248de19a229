"""The ledger's time: UTC without a zone, as all of its columns are."""

from datetime import datetime, timezone
from typing import Any

import sqlalchemy as sa

_SERVERS = {"postgresql": "SELECT clock_timestamp() AT TIME ZONE 'UTC'", "mysql": "SELECT UTC_TIMESTAMP(6)"}


def now() -> datetime:
    """The time now."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


def server_now(connection: sa.Connection) -> datetime:
    """The time now by the clock of the database, which is one for all machines; SQLite has this machine's."""
    asked = _SERVERS.get({"mariadb": "mysql"}.get(connection.dialect.name, connection.dialect.name))
    if asked is None:
        return now()
    found: Any = connection.exec_driver_sql(asked).scalar_one()
    return found if isinstance(found, datetime) else datetime.fromisoformat(str(found))
