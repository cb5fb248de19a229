"""Ids are taken ahead while other workers' transactions are open, and nobody waits in a circle."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import sqlalchemy as sa

from changeover.binding import Bound
from changeover.transfer.id_pool import Pool
from tests.races.gate import Background, Gate


def test_a_worker_gets_and_returns_ids_while_another_takes_more_from_the_database() -> None:
    gate = Gate()

    def allocate(_connection: Any, _side: Any, _table: Any, _column: Any, count: int) -> list[range]:
        gate()  # as it waits for the end of the other worker's transaction
        return [range(100, 100 + count)]

    bound = cast(
        Bound,
        SimpleNamespace(
            mapping=SimpleNamespace(target="notes"),
            new=SimpleNamespace(table="notes"),
            identity_columns=("id",),
            dialect=SimpleNamespace(allocate=allocate, incarnation=lambda _: "a"),
        ),
    )
    pool, engine = Pool(), sa.create_engine("sqlite://")
    pool.give_back(bound, "a", [range(1, 6)])
    filler = Background(lambda: pool.fill(bound, engine, 20, 0))
    gate.wait()

    def work() -> list[range]:
        taken = pool.take(bound, "a", 3)
        pool.give_back(bound, "a", [range(50, 52)])
        return taken

    assert Background(work).result() == [range(1, 4)]
    gate.open()
    filler.result()
    assert sum(map(len, pool.take(bound, "a", 19))) == 19
    engine.dispose()
