"""Grants of MariaDB and MySQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from changeover.capture.outbox import TABLE as OUTBOX
from changeover.capture.preflight import ON_OUTBOX, ON_TABLE
from changeover.cli.privileges.group import Grants
from changeover.cli.privileges.needs import NewNeeds
from changeover.dialects import TableName, of


def old_grants(url: sa.URL, tables: Sequence[TableName], host: str) -> list[Grants]:
    """SELECT, table by table."""
    to = account(url, host)
    return [
        Grants(
            "read the tables that the mappings name",
            tuple(f"GRANT SELECT ON {_table(url, t)} TO {to};" for t in tables),
        )
    ]


def capture_grants(url: sa.URL, tables: Sequence[TableName], host: str) -> list[str]:
    """Triggers, which run with the rights of who made them, and the outbox; PROCESS to see who is in the way, and TRUNCATE."""
    to = account(url, host)
    return [
        *(f"GRANT {', '.join(ON_TABLE)} ON {_table(url, table)} TO {to};" for table in tables),
        f"GRANT {', '.join(ON_OUTBOX)} ON {_table(url, TableName(OUTBOX))} TO {to};",
        f"GRANT PROCESS ON *.* TO {to};",
    ]


def direct_grants(url: sa.URL, rights: Mapping[TableName, Sequence[str]], host: str) -> list[str]:
    """Triggers run as who made them: the application gets no rights on the new tables."""
    to = account(url, host)
    return [f"GRANT {', '.join(held)} ON {_table(url, table)} TO {to};" for table, held in rights.items()]


def new_grants(url: sa.URL, needs: NewNeeds, host: str) -> list[Grants]:
    """Rows of targets and ledger, temporary tables to stage in, and what raising AUTO_INCREMENT takes.

    CREATE TEMPORARY TABLES and LOCK TABLES exist for whole databases only. SELECT on all of it shows the foreign keys by which
    other tables refer to the targets, and their rows: a server hides them from an account without a right on the table.
    """
    to = account(url, host)
    rows = "SELECT, INSERT, UPDATE, DELETE"
    # ALTER TABLE … AUTO_INCREMENT: MySQL's manual asks for CREATE on the table too, MariaDB does without.
    counted = dict.fromkeys(needs.counted, ", ALTER, CREATE")
    locks = ", LOCK TABLES" if needs.counted else ""
    databases = sorted({_database(url, table) for table in (*needs.ledger, *needs.targets)})
    return [
        Grants(
            "stage rows in temporary tables, see who refers to the new tables"
            + (", raise counters of ids" if locks else ""),
            tuple(
                f"GRANT SELECT, CREATE TEMPORARY TABLES{locks} ON {_quote(url, name)}.* TO {to};"
                for name in databases
            ),
        ),
        Grants(
            "write the new tables" + (" (ALTER, CREATE: raise their counter of ids)" if locks else ""),
            tuple(f"GRANT {rows}{counted.get(t, '')} ON {_table(url, t)} TO {to};" for t in needs.targets),
        ),
        Grants(
            "keep the ledger",
            (
                *(f"GRANT {rows} ON {_table(url, t)} TO {to};" for t in needs.ledger),
                f"GRANT SELECT ON {_table(url, needs.version)} TO {to};",
            ),
        ),
    ]


def account(url: sa.URL, host: str) -> str:
    """The URL's user, from that host."""
    return f"{_text(url.username or '')}@{_text(host)}"


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _database(url: sa.URL, table: TableName) -> str:
    return table.schema or url.database or ""


def _table(url: sa.URL, table: TableName) -> str:
    return of(url).table(TableName(table.name, _database(url, table)))


def _quote(url: sa.URL, database: str) -> str:
    # In a grant on a whole database, _ and % are wildcards.
    return of(url).quote(database).replace("_", r"\_").replace("%", r"\%")
