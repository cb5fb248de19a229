"""Fills the databases that the migration begins with, each in a process of its own.

`python -m demo.prepare SCALE shop` builds an old database; `python -m demo.prepare SCALE new` migrates the new schema
and puts the remains of an earlier copy by hand into it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from changeover.cli.output import count, duration
from changeover.settings import NEW_URL, old_variable
from demo.old import DOMAINS, build, seed_new
from demo.processes import ROOT, Processes

NEW = "new"


def prepare(
    processes: Processes, environment: Mapping[str, str], scale: float, say: Callable[[str], None]
) -> None:
    """Fill all databases at once. ``say`` is told of each.

    Raises: ProcessFailed.
    """
    working = [*DOMAINS, NEW]
    for name in working:
        processes.start(f"prepare-{name}", ["-m", "demo.prepare", str(scale), name], environment)
    while working:
        for name in [name for name in working if processes.ended(f"prepare-{name}")]:
            say(processes.log(f"prepare-{name}").read_text().strip())
            working.remove(name)
        time.sleep(0.05)


def main(scale: float, name: str) -> None:
    """One database. Its URL is in the environment."""
    began = time.monotonic()
    engine = sa.create_engine(os.environ[NEW_URL if name == NEW else old_variable(name)])
    done = _new(engine, scale) if name == NEW else _old(engine, scale, name)
    engine.dispose()
    print(f"{done} ({duration(time.monotonic() - began)})")


def _old(engine: sa.Engine, scale: float, name: str) -> str:
    tables = build(name, engine, scale)
    listed = ", ".join(f"{table} {count(rows)}" for table, rows in tables.items())
    return f"old database {name}: {count(sum(tables.values()))} rows: {listed}"


def _new(engine: sa.Engine, scale: float) -> str:
    config = Config(str(ROOT / "alembic.ini"))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "heads")
    copied = seed_new(engine, scale)
    wrong = copied.edited + copied.erased + copied.missing
    return (
        f"new database: migrated; {count(copied.members)} members, {count(copied.posts)} posts and "
        f"{count(copied.comments)} comments from an earlier copy by hand, {count(wrong)} of them wrong by now"
    )


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2])
