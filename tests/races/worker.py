"""A copying process that kills itself at a point of its way."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from changeover import planning
from changeover.dialects import Dialect, driver_url, of
from changeover.ledger import ranges
from changeover.mapping import Assigned, Mapping, Registry, lookup, old
from changeover.project import Project
from changeover.transfer import backfill, chunk_size
from changeover.transfer.write import Writer

ROWS = 2_000
POINTS = (
    "planned",
    "started",
    "allocated",
    "locked",
    "read",
    "staged",
    "stored",
    "recorded",
    "committed",
    "ended",
)
"""The steps of a chunk, in their order, between those that come once a range."""


def mappings() -> tuple[Mapping, ...]:
    """A table with assigned ids and one that looks it up."""
    member, post = old("shop", "tb_member"), old("shop", "tb_post")
    return (
        Mapping("member", member, {"name": member.nm}, ids=Assigned(), rows_per_range=900),
        Mapping(
            "post",
            post,
            {"member_id": lookup("member", post.member), "title": post.title},
            rows_per_range=900,
        ),
    )


def open_project(old_url: str, new_url: str) -> Project:
    """The project on engines of its own."""
    o, n = driver_url(old_url), driver_url(new_url)
    return Project(
        Registry(mappings()), {"shop": of(o).engine(o, "old", 4)}, of(n).engine(n, "new", 4), workers=2
    )


def main(old_url: str, new_url: str, point: str, nth: int) -> None:
    """Plan and copy everything, and die when ``point`` is reached for the ``nth`` time."""
    chunk_size.MOST = 300
    left = nth

    def reached(name: str) -> None:
        nonlocal left
        if name == point:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def after(owner: Any, attribute: str, name: str) -> None:
        work: Callable[..., Any] = getattr(owner, attribute)

        def wrapped(*args: Any, **kw: Any) -> Any:
            result = work(*args, **kw)
            reached(name)
            return result

        setattr(owner, attribute, wrapped)

    project = open_project(old_url, new_url)
    dialect: type[Dialect] = type(project.dialect)
    after(planning.ledger, "append", "planned")
    after(ranges, "start", "started")
    after(dialect, "allocate", "allocated")
    after(dialect, "lock", "locked")
    after(type(project.old["shop"].dialect), "read", "read")
    after(dialect, "stage", "staged")
    after(Writer, "_store", "stored")
    after(ranges, "advance", "recorded")
    after(ranges, "finish", "ended")
    for root in project.moves:
        planning.plan(project, root)
        for done in backfill(project, root, on_chunk=lambda _: reached("committed"), only_pending=True):
            assert done.error is None, done.error
    project.close()
