"""Rows of a target are found and deleted by lists of their keys, through its primary key, in a time that grows with the list."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from changeover.mapping import Computed, Mapping, old
from changeover.transfer.matching import Matching, execute, matching
from tests.transfer.rig import KINDS, Rig

TEXTS = ("plain", "a|b~", "it's", ":name", "back\\slash", "É한", "100%")
ROWS = 3_000


@pytest.mark.parametrize("kind", KINDS)
def test_each_row_is_found_beside_its_key_and_no_other_goes(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind, shop="sqlite")
    r.run(r.old, "CREATE TABLE pair (a TEXT NOT NULL, b BIGINT NOT NULL, PRIMARY KEY (a, b))")
    unicode = " CHARACTER SET utf8mb4" if kind == "mariadb" else ""
    r.run(
        r.new,
        f"CREATE TABLE pair (a VARCHAR(40){unicode} NOT NULL, b BIGINT NOT NULL, PRIMARY KEY (a, b))",
        "CREATE INDEX by_b ON pair (b)",
    )
    pair = old("shop", "pair")
    bound = (
        r.project(Mapping("pair", pair, {"a": pair.a, "b": pair.b}, ids=Computed()))
        .move("shop.pair")
        .bounds[0]
    )
    keys = [(TEXTS[n % len(TEXTS)], n - 100) for n in range(ROWS)]
    with r.new.begin() as connection:
        rows = [{"a": a, "b": b} for a, b in keys]
        connection.execute(sa.text("INSERT INTO pair (a, b) VALUES (:a, :b)"), rows)
    wanted = keys[::6]
    asked = [*((a, str(b)) for a, b in wanted), ("plain", "-101"), ("nobody", "1")]
    with r.projects[-1].new.engine.begin() as connection:
        found = matching(bound, asked)
        select = f"SELECT v.n, t.a, t.b FROM {found.rows(bound)}"
        assert sorted(map(tuple, execute(connection, select, found))) == [
            (n, *key) for n, key in enumerate(wanted)
        ]
        delete = bound.dialect.delete(bound.new.table, found.listed, found.same)
        if kind == "mariadb":
            for statement in (select, delete):
                assert looked_up(connection, statement, found) == [("eq_ref", "PRIMARY")]
        assert execute(connection, delete, found).rowcount == len(wanted)
    assert r.rows("pair") == sorted(set(keys) - set(wanted), key=repr)


def looked_up(connection: sa.Connection, statement: str, found: Matching) -> list[tuple[str, str]]:
    """How the target's rows are found."""
    plan = execute(connection, f"EXPLAIN FORMAT=TRADITIONAL {statement}", found).mappings().all()
    return [(row["type"], row["key"]) for row in plan if row["table"] == "t"]
