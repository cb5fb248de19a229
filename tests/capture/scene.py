"""An old database with an application that writes to it, and capture as it is installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from changeover.capture.install import install
from changeover.capture.outbox import outbox
from changeover.project import Project
from tests.transfer.rig import Rig


def entries(r: Rig) -> list[tuple[str, str]]:
    """All (source, key) of the outbox, in their order."""
    statement = sa.select(outbox.c.source, outbox.c.row_key).order_by(outbox.c.id)
    with r.old.connect() as connection:
        return [(str(source), str(key)) for source, key in connection.execute(statement)]


def keys(r: Rig, source: str | None = None) -> list[str]:
    """The keys of a source's entries (of all), in their order."""
    return [key for name, key in entries(r) if source in (None, name)]


def clear(r: Rig) -> None:
    """Empty the outbox, as a consumer would."""
    with r.old.begin() as connection:
        connection.execute(sa.delete(outbox))


def noted(r: Rig, *statements: Any, source: str | None = None) -> list[str]:
    """The keys that the application's statements leave, sorted, each in a transaction of its own."""
    clear(r)
    for statement in statements:
        r.run(r.old, statement)
    return sorted(keys(r, source))


def target(r: Rig, name: str = "thing", columns: Sequence[str] = ("id INTEGER PRIMARY KEY",)) -> None:
    r.run(r.new, f"CREATE TABLE {name} (a VARCHAR(50), {', '.join(columns)})")


def installed(r: Rig, *mappings: Any, **options: Any) -> Project:
    """A project with capture in its old database."""
    project = r.project(*mappings)
    install(project, **options)
    return project
