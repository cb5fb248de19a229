"""Grants for the family of a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from changeover.cli.privileges import mysql, postgresql, sqlite
from changeover.cli.privileges.group import Grants
from changeover.cli.privileges.needs import NewNeeds
from changeover.dialects import TableName, of

_FAMILIES = {"mysql": mysql, "postgresql": postgresql, "sqlite": sqlite}


def old_grants(url: sa.URL, tables: Sequence[TableName], host: str) -> list[Grants]:
    """What lets the URL's user read ``tables``. ``host`` is where a user of MySQL comes from."""
    return _FAMILIES[of(url).family].old_grants(url, tables, host)


def capture_grants(url: sa.URL, tables: Sequence[TableName], host: str) -> list[str]:
    """The statements that let the URL's user make triggers on ``tables``, and consume what they note."""
    return _FAMILIES[of(url).family].capture_grants(url, tables, host)


def direct_grants(url: sa.URL, rights: Mapping[TableName, Sequence[str]], host: str) -> list[str]:
    """The statements that let triggers of the URL's user write the new tables."""
    return _FAMILIES[of(url).family].direct_grants(url, rights, host)


def account(url: sa.URL, host: str) -> str:
    """Who is granted something, in the database's words; empty where there are no accounts."""
    return _FAMILIES[of(url).family].account(url, host)


def new_grants(url: sa.URL, needs: NewNeeds, host: str) -> list[Grants]:
    """What lets the URL's user backfill, keep in step, verify and mend."""
    return _FAMILIES[of(url).family].new_grants(url, needs, host)
