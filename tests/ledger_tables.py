"""The ledger's tables in an empty database. Making their statements takes longer than running them, and is done once."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from changeover.ledger import metadata

_STATEMENTS: dict[str, list[str]] = {}
"""By dialect, what `create_all` ran there the first time."""


def make_ledger(engine: sa.Engine) -> None:
    """As `metadata.create_all(engine)`, where none of its tables is there yet."""
    known = _STATEMENTS.get(engine.dialect.name)
    if known is None:
        _STATEMENTS[engine.dialect.name] = _noted(engine)
        return
    with engine.begin() as connection:
        plain = connection.execution_options(no_parameters=True)
        # PostgreSQL takes all of them at once.
        for statement in ["; ".join(known)] if engine.dialect.name == "postgresql" else known:
            plain.exec_driver_sql(statement)


def _noted(engine: sa.Engine) -> list[str]:
    ran: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.lstrip().startswith(("CREATE", "COMMENT", "ALTER")):
            ran.append(statement.strip())

    event.listen(engine, "before_cursor_execute", note)
    try:
        metadata.create_all(engine)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return ran
