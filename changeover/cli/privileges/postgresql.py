"""Grants of PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from changeover.cli.privileges.group import Grants
from changeover.cli.privileges.needs import NewNeeds
from changeover.dialects import TableName, of

DEFAULT_SCHEMA = "public"
NAMES_A_LINE = 4


def account(url: sa.URL, host: str) -> str:
    """The URL's user. ``host`` is pg_hba.conf's business."""
    del host
    return _quote(url, url.username or "")


def old_grants(url: sa.URL, tables: Sequence[TableName], host: str) -> list[Grants]:
    """CONNECT, USAGE of the schemas, and SELECT, table by table."""
    role = account(url, host)
    return [
        Grants(
            "connect, and use the schemas",
            (
                f"GRANT CONNECT ON DATABASE {_quote(url, url.database or '')} TO {role};",
                *_usage(url, tables, role),
            ),
        ),
        Grants(
            "read the tables that the mappings name",
            tuple(f"GRANT SELECT ON TABLE {_table(url, table)} TO {role};" for table in tables),
        ),
    ]


def capture_grants(url: sa.URL, tables: Sequence[TableName], host: str) -> list[str]:
    """Tables and functions in the default schema, and membership in the tables' owners: only these may drop a trigger again."""
    del host
    role = _quote(url, url.username or "")
    names = ", ".join(f"'{_literal(_table(url, table))}'" for table in tables)
    owners = (
        "DO $$ DECLARE owner name; BEGIN FOR owner IN SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class "
        f"WHERE oid = ANY (ARRAY[{names}]::regclass[]) AND pg_get_userbyid(relowner) <> '{_literal(url.username or '')}' "
        f"LOOP EXECUTE format('GRANT %I TO {_literal(role).replace('%', '%%')}', owner); END LOOP; END $$;"
    )
    return [f"GRANT USAGE, CREATE ON SCHEMA {_quote(url, DEFAULT_SCHEMA)} TO {role};", owners]


def direct_grants(url: sa.URL, rights: Mapping[TableName, Sequence[str]], host: str) -> list[str]:
    """The triggers' functions run as who made them: the application gets no rights on the new tables."""
    del host
    role = _quote(url, url.username or "")
    tables = [
        f"GRANT {', '.join(held)} ON TABLE {_table(url, table)} TO {role};" for table, held in rights.items()
    ]
    return [*_usage(url, rights, role), *tables]


def _literal(text: str) -> str:
    return text.replace("'", "''")


def new_grants(url: sa.URL, needs: NewNeeds, host: str) -> list[Grants]:
    """Rows of targets and ledger, temporary tables to stage in, and the counters of ids."""
    role = account(url, host)
    rows = "SELECT, INSERT, UPDATE, DELETE"
    return [
        Grants(
            "connect, stage rows in temporary tables, and use the schemas",
            (
                f"GRANT CONNECT, TEMPORARY ON DATABASE {_quote(url, url.database or '')} TO {role};",
                *_usage(url, (*needs.targets, *needs.ledger, needs.version), role),
            ),
        ),
        Grants(
            "write the new tables",
            tuple(f"GRANT {rows} ON TABLE {_table(url, t)} TO {role};" for t in needs.targets),
        ),
        Grants(
            "keep the ledger",
            (
                *(f"GRANT {rows} ON TABLE {_table(url, t)} TO {role};" for t in needs.ledger),
                f"GRANT SELECT ON TABLE {_table(url, needs.version)} TO {role};",
            ),
        ),
        Grants(
            "take ids from the sequences that columns of these tables own, and raise them",
            (_counters(url, (*needs.counted, *needs.ledger), role),),
        ),
    ]


def _usage(url: sa.URL, tables: Iterable[TableName], role: str) -> list[str]:
    schemas = sorted({table.schema or DEFAULT_SCHEMA for table in tables})
    return [f"GRANT USAGE ON SCHEMA {_quote(url, schema)} TO {role};" for schema in schemas]


def _counters(url: sa.URL, tables: Sequence[TableName], role: str) -> str:
    """Nobody knows a sequence's name before looking: the block looks up those that the tables' columns own.

    USAGE allows nextval, UPDATE setval.
    """
    names = ["'" + _table(url, table).replace("'", "''") + "'" for table in tables]
    owners = ",\n    ".join(
        ", ".join(names[n : n + NAMES_A_LINE]) for n in range(0, len(names), NAMES_A_LINE)
    )
    granted = role.replace("'", "''").replace("%", "%%")
    return (
        "DO $$ DECLARE owned regclass; BEGIN FOR owned IN SELECT objid::regclass FROM pg_depend\n"
        f"  WHERE refclassid = 'pg_class'::regclass AND refobjid = ANY (ARRAY[\n    {owners}]::regclass[])\n"
        "  AND refobjsubid > 0 AND classid = 'pg_class'::regclass AND deptype IN ('a', 'i')\n"
        "  AND EXISTS (SELECT FROM pg_class WHERE oid = objid AND relkind = 'S')\n"
        f"LOOP EXECUTE format('GRANT USAGE, UPDATE ON SEQUENCE %s TO {granted}', owned); END LOOP; END $$;"
    )


def _table(url: sa.URL, table: TableName) -> str:
    return of(url).table(TableName(table.name, table.schema or DEFAULT_SCHEMA))


def _quote(url: sa.URL, name: str) -> str:
    return of(url).quote(name)
