"""Grants of MariaDB and MySQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from changeover.capture.outbox import TABLE as OUTBOX
from changeover.capture.preflight import ON_OUTBOX, ON_TABLE
from changeover.cli.privileges.needs import NewNeeds
from changeover.dialects import TableName, of


def old_grants(url: sa.URL, tables: Sequence[TableName], host: str) -> list[str]:
    """SELECT, table by table."""
    return [f"GRANT SELECT ON {_table(url, table)} TO {_account(url, host)};" for table in tables]


def capture_grants(url: sa.URL, tables: Sequence[TableName], host: str) -> list[str]:
    """Triggers, which run with the rights of who made them, and the outbox; PROCESS to see who is in the way, and TRUNCATE."""
    account = _account(url, host)
    return [
        *(f"GRANT {', '.join(ON_TABLE)} ON {_table(url, table)} TO {account};" for table in tables),
        f"GRANT {', '.join(ON_OUTBOX)} ON {_table(url, TableName(OUTBOX))} TO {account};",
        f"GRANT PROCESS ON *.* TO {account};",
    ]


def direct_grants(url: sa.URL, rights: Mapping[TableName, Sequence[str]], host: str) -> list[str]:
    """Triggers run as who made them: the application gets no rights on the new tables."""
    account = _account(url, host)
    return [
        f"GRANT {', '.join(held)} ON {_table(url, table)} TO {account};" for table, held in rights.items()
    ]


def new_grants(url: sa.URL, needs: NewNeeds, host: str) -> list[str]:
    """Rows of targets and ledger, temporary tables to stage in, and what raising AUTO_INCREMENT takes.

    CREATE TEMPORARY TABLES and LOCK TABLES exist for whole databases only. SELECT on all of it shows the foreign keys by which
    other tables refer to the targets, and their rows: a server hides them from an account without a right on the table.
    """
    account = _account(url, host)
    everywhere = ["SELECT", "CREATE TEMPORARY TABLES", *(["LOCK TABLES"] if needs.counted else [])]
    databases = sorted({_database(url, table) for table in (*needs.ledger, *needs.targets)})
    statements = [
        f"GRANT {', '.join(everywhere)} ON {_quote(url, name)}.* TO {account};" for name in databases
    ]
    for table in needs.targets:
        # ALTER TABLE … AUTO_INCREMENT: MySQL's manual asks for CREATE on the table too, MariaDB does without.
        more = ", ALTER, CREATE" if table in needs.counted else ""
        statements.append(f"GRANT SELECT, INSERT, UPDATE, DELETE{more} ON {_table(url, table)} TO {account};")
    statements += [
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {_table(url, table)} TO {account};"
        for table in needs.ledger
    ]
    statements.append(f"GRANT SELECT ON {_table(url, needs.version)} TO {account};")
    return statements


def _account(url: sa.URL, host: str) -> str:
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
