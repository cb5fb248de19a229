"""Values that the new database takes without complaint, and keeps as something else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from changeover.mapping import Computed, Keep, Mapping, old
from tests.transfer.rig import Rig, assert_settled, compared, copy, counts

UPPER = {
    "mariadb": ["CREATE TRIGGER up BEFORE INSERT ON t FOR EACH ROW SET NEW.k = UPPER(NEW.k)"],
    "postgres": [
        "CREATE FUNCTION up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.k = upper(NEW.k); RETURN NEW; END $$",
        "CREATE TRIGGER up BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION up()",
    ],
}
"""Both columns take letters of either case for one, so that the row is found by the key that it was not given."""


@pytest.mark.parametrize("kind", ["mariadb", "postgres"])
@pytest.mark.parametrize("ids", [Keep(), Computed()], ids=repr)
def test_a_key_that_a_trigger_rewrites_is_a_reject(rig: Callable[..., Rig], kind: str, ids: Any) -> None:
    r = rig(kind, shop=kind)
    letters = "VARCHAR(9)" if kind == "mariadb" else "VARCHAR(9) COLLATE nocase"
    nocase = "CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
    r.run(
        r.new, *([nocase] if kind == "postgres" else []), f"CREATE TABLE t (k {letters} PRIMARY KEY, v INT)"
    )
    r.run(r.new, *UPPER[kind])
    r.run(
        r.old,
        "CREATE TABLE t (k VARCHAR(9) PRIMARY KEY, v INT)",
        "INSERT INTO t VALUES ('Abc', 1), ('D', 2), ('e', 3), ('F', 4)",
    )
    t = old("shop", "t")
    columns = {"v": t.v, "k": t.k} if isinstance(ids, Computed) else {"v": t.v}
    project = r.project(Mapping("t", t, columns, ids=ids))
    done = copy(project)
    assert r.rows("t") == [("D", 2), ("F", 4)]
    assert {(j.root_key, j.column, j.value) for j in r.rejects()} == {("Abc", "k", "Abc"), ("e", "k", "e")}
    assert_settled(project, done)
    # Rewritten afterwards by the new application: seen by a comparison, and kept by the next run.
    r.run(r.new, "UPDATE t SET k = 'f' WHERE v = 4")
    assert sum(one.different for one in compared(project)) == 1
    copy(project)
    assert r.reject_keys() == dict.fromkeys(("Abc", "e", "F"), "value")


def test_a_key_that_loses_its_last_space_is_a_reject(rig: Callable[..., Rig]) -> None:
    r = rig("mariadb", shop="mariadb")
    r.run(
        r.old,
        "CREATE TABLE t (k VARCHAR(9) COLLATE utf8mb4_bin PRIMARY KEY, v INT)",
        "INSERT INTO t VALUES ('a ', 1), ('b', 2), ('Cc', 3)",
    )
    r.run(r.new, "CREATE TABLE t (k CHAR(9) COLLATE utf8mb4_bin PRIMARY KEY, v INT)")
    t = old("shop", "t")
    project = r.project(Mapping("t", t, {"v": t.v}))
    done = copy(project)
    assert r.rows("t") == [("Cc", 3), ("b", 2)]
    assert {(j.root_key, j.column, j.kind) for j in r.rejects()} == {("a ", "k", "value")}
    assert_settled(project, done)


@pytest.mark.parametrize("kind", ["mariadb", "postgres"])
def test_many_rows_that_a_trigger_changes_are_found_at_once(rig: Callable[..., Rig], kind: str) -> None:
    r = rig(kind, shop="sqlite")
    r.run(
        r.old,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v VARCHAR(9))",
        "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) "
        "SELECT i, CASE WHEN i % 2 THEN 'low' ELSE 'HIGH' END FROM n",
    )
    r.run(r.new, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9))")
    r.run(r.new, *(statement.replace("NEW.k", "NEW.v") for statement in UPPER[kind]))
    t = old("shop", "t")
    project = r.project(Mapping("t", t, {"v": t.v}))
    ran: list[str] = []
    event.listen(project.new.engine, "before_cursor_execute", lambda *args: ran.append(args[2]))
    done = copy(project)
    assert counts(done) == (250, 0, 0, 250)
    assert {(j.column, j.reason, j.value) for j in r.rejects()} == {
        ("v", "it was stored as another value", "low")
    }
    assert len(ran) < 100
    assert_settled(project, done)
