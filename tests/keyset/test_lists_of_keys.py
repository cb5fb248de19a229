"""Rows of a few hundred keys of several columns are read through the key's index, whatever the optimizer could ponder."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from changeover.mapping import Computed, Mapping, old
from tests.transfer.rig import KINDS, Rig

ROWS = 200


@pytest.mark.parametrize("kind", KINDS)
def test_exactly_the_rows_of_the_keys_are_read(rig: Callable[..., Rig], kind: str) -> None:
    r = rig("sqlite", shop=kind)
    ddl = "CREATE TABLE pair (a INT NOT NULL, b BIGINT NOT NULL, PRIMARY KEY (a, b))"
    r.run(r.old, ddl, "CREATE INDEX by_b ON pair (b)")
    r.run(r.new, ddl)
    with r.old.begin() as connection:
        pairs = [{"a": a, "b": b - 100} for a in range(ROWS) for b in range(ROWS)]
        connection.execute(sa.text("INSERT INTO pair (a, b) VALUES (:a, :b)"), pairs)
    pair = old("shop", "pair")
    project = r.project(Mapping("pair", pair, {"a": pair.a, "b": pair.b}, ids=Computed()))
    key = project.move("shop.pair").key
    wanted = [(str(n % ROWS), str(n * 7 % ROWS - 100)) for n in range(500)]
    asked = [*wanted, wanted[0], ("7", "100000"), ("-1", "-9223372036854775808")]
    statement = sa.select(*key.of(pair)).select_from(pair.from_).where(key.is_one_of(pair, asked))
    with project.old["shop"].engine.connect() as connection:
        found = [tuple(map(str, row)) for row in connection.execute(statement)]
        assert sorted(found) == sorted(set(wanted))
        assert connection.execute(statement.where(key.is_one_of(pair, []))).all() == []
        if kind == "mariadb":
            explained = sa.text(f"EXPLAIN FORMAT=TRADITIONAL {statement.compile(connection)}")
            plan = connection.execute(explained).mappings().all()
            used = [(row["type"], row["key"]) for row in plan if row["table"] == "pair"]
            assert used == [("eq_ref", "PRIMARY")]
