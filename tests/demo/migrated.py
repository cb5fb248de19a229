"""The samples, moved by the engine alone: what Dagster's runs do, without Dagster."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from changeover.dialects import driver_url
from changeover.drift import verify
from changeover.drift.verify import due
from changeover.ledger import verified
from changeover.ledger.clock import now
from changeover.mapping import load
from changeover.planning import plan
from changeover.project import Project
from changeover.settings import Settings
from changeover.transfer import RangeDone, backfill
from demo.comparison import Compared, compared_since
from demo.old import DOMAINS, build, seed_new

ROOT = Path(__file__).parents[2]
MakeDatabase = Callable[..., str]


@contextmanager
def samples(database: MakeDatabase, old_kind: str, new_kind: str, scale: float) -> Generator[Project]:
    """The old databases, built, and the new one, with the schema and the remains of the copy by hand."""
    urls = {name: driver_url(database(old_kind, f"old_{name}")) for name in DOMAINS}
    new = driver_url(database(new_kind, "new"))
    for name, url in urls.items():
        with opened(url) as engine:
            build(name, engine, scale)
    with opened(new) as engine:
        config = Config(str(ROOT / "alembic.ini"))
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "heads")
        seed_new(engine, scale)
    with Project.open(load("assets"), Settings(urls, new, "assets", 2)) as project:
        yield project


@contextmanager
def opened(url: sa.URL) -> Generator[sa.Engine]:
    engine = sa.create_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def move_everything(project: Project) -> list[RangeDone]:
    """Plan and copy all tables, parents first."""
    done: list[RangeDone] = []
    for root in project.moves:
        plan(project, root)
        done += backfill(project, root)
    return done


def compare_everything(project: Project) -> list[Compared]:
    """What comparing all tables value by value comes to."""
    since = now()
    with project.new.engine.begin() as connection:
        one = verified.begin(connection, "test", "values")
    for root in project.moves:
        for _ in verify(project, root, due(project, root), one):
            pass
    return list(compared_since(project, since))
