"""The ledger's numbers of mappings, and its lock rows."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import exc

from changeover.dialects import READING
from changeover.ledger.clock import now
from changeover.ledger.tables import mapping, table_lock
from changeover.mapping import Mapping


def register(engine: sa.Engine, mappings: Iterable[Mapping]) -> dict[str, int]:
    """The numbers of all mappings by name; new ones get one. Also makes each target's lock row.

    Two processes may do this at once: whoever comes second takes what the first one wrote.
    """
    wanted = {m.name: m for m in mappings}
    for _ in range(3):
        known = _known(engine)
        fresh = [m for name, m in wanted.items() if name not in known]
        locks = _missing_locks(engine, {m.target for m in wanted.values()})
        if not fresh and not locks:
            break
        try:
            with engine.begin() as connection:
                if fresh:
                    connection.execute(
                        sa.insert(mapping),
                        [{"name": m.name, "root": m.root_name, "target": m.target} for m in fresh],
                    )
                if locks:
                    connection.execute(sa.insert(table_lock), [{"target": target} for target in locks])
        except exc.IntegrityError:
            continue
    return {name: _known(engine)[name] for name in wanted}


def planned(connection: sa.Connection, root: str) -> None:
    """Note that the root was planned, also when its table was empty and got no range."""
    connection.execute(sa.update(mapping).where(mapping.c.root == root).values(planned_at=now()))


def planned_roots(connection: sa.Connection) -> set[str]:
    """The roots that were ever planned."""
    return set(
        connection.execute(sa.select(mapping.c.root).where(mapping.c.planned_at.is_not(None))).scalars()
    )


def names(connection: sa.Connection) -> dict[int, tuple[str, str]]:
    """Number to (mapping's name, target)."""
    found = connection.execute(sa.select(mapping.c.id, mapping.c.name, mapping.c.target)).all()
    return {int(i): (str(name), str(target)) for i, name, target in found}


def _known(engine: sa.Engine) -> dict[str, int]:
    with engine.execution_options(**READING).connect() as connection:
        return {
            str(name): int(i) for name, i in connection.execute(sa.select(mapping.c.name, mapping.c.id)).all()
        }


def _missing_locks(engine: sa.Engine, targets: set[str]) -> list[str]:
    with engine.execution_options(**READING).connect() as connection:
        there = set(connection.execute(sa.select(table_lock.c.target)).scalars())
    return sorted(targets - there)
