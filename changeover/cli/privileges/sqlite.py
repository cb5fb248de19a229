"""SQLite has no accounts: what there is to say is a comment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from changeover.cli.privileges.group import Grants
from changeover.cli.privileges.needs import NewNeeds
from changeover.dialects import TableName


def account(url: sa.URL, host: str) -> str:
    """Nobody."""
    del url, host
    return ""


def old_grants(url: sa.URL, tables: Sequence[TableName], host: str) -> list[Grants]:
    """Reading the file."""
    del tables, host
    return [Grants(f"SQLite has no accounts: let the user that runs changeover read {url.database}", ())]


def capture_grants(url: sa.URL, tables: Sequence[TableName], host: str) -> list[str]:
    """Writing the file."""
    del tables, host
    return [f"-- SQLite has no accounts: let the user that runs changeover write {url.database}"]


def direct_grants(url: sa.URL, rights: Mapping[TableName, Sequence[str]], host: str) -> list[str]:
    """None: it has no direct mode."""
    del url, rights, host
    return []


def new_grants(url: sa.URL, needs: NewNeeds, host: str) -> list[Grants]:
    """Writing the file and beside it."""
    del needs, host
    what = f"write {url.database} and create files in its folder"
    return [Grants(f"SQLite has no accounts: let the user that runs changeover {what}", ())]
