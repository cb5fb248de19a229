"""A privilege that a user lacks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Missing:
    """Privileges on a table (None: on the database) that the user of the connection ``title`` lacks, and the remedy."""

    title: str
    table: str | None
    privileges: tuple[str, ...]
    grant: str
