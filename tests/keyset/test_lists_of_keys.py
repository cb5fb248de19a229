"""Rows of a few hundred keys of several columns are read through the key's index, whatever the optimizer could ponder."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from changeover.mapping import Assigned, Computed, Mapping, old
from changeover.transfer import compare
from changeover.transfer.apply import apply
from changeover.transfer.chunk import Keys
from changeover.transfer.id_pool import Pool
from changeover.transfer.statements import key_text
from tests.mysql_kind import ON_MYSQL, mariadb_only
from tests.transfer.rig import KINDS, Rig, copy

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


LATIN = "VARCHAR(40) CHARACTER SET latin1"
FOLDED = "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
ASCII = "VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin"
TYPES = {
    "latin1 text": (LATIN, "INT", ["'c é', 1", "'c é', 2", "'ß', 1", "'', 1", "'a|~b''', -1"]),
    "two collations": (FOLDED, ASCII, ["'É한', 'a'", "'é한', 'A'", "'a ', ' '", r"'😀', '\\'"]),
    "bytes": ("BINARY(16)", "VARBINARY(9)", ["X'00', X''", "X'00FF', X'00'", "X'FFFF', X'275C'"]),
    "times": (
        "DATETIME(6)",
        "TIME(6)",
        ["'2020-02-29 23:59:59.999999', '-838:59:59'", "'2020-02-29', '30:00:00.5'", "'0000-00-00', 0"],
    ),
    "instants": ("TIMESTAMP(3)", "DATE", ["'2021-03-04 05:06:07.089', '0000-00-00'", "0, '2020-00-10'"]),
    "decimals": ("DECIMAL(20, 10)", FOLDED, ["1.5, 'x'", "-0.0000000001, 'x'", "9999999999.5, ''"]),
    "years": ("YEAR", "TIME", ["2000, 1", "0, 2", "2155, '-00:00:01'"]),
    "UUIDs": ("UUID", "TINYINT(1)", ["'123e4567-e89b-12d3-a456-426655440000', 1", "UUID(), 0"]),
    "large numbers": (
        "BIGINT UNSIGNED",
        "INT(6) ZEROFILL",
        ["18446744073709551615, 7", "18446744073709551614, 7", "0, 123456"],
    ),
}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=mariadb_only("no UUIDs") if n == "UUIDs" else ()) for n in TYPES]
)
def test_mariadb_finds_every_type_of_key_through_its_index(rig: Callable[..., Rig], name: str) -> None:
    first, second, rows = TYPES[name]
    r = rig("mariadb", shop="mariadb")
    ddl = (
        f"CREATE TABLE trio (a {first} NOT NULL, b {second} NOT NULL, n INT, PRIMARY KEY (a, b, n), KEY (b))"
    )
    # So many that to look rows up is cheaper than to read all.
    r.run(r.old, ddl, *(f"INSERT INTO trio SELECT {row}, seq FROM seq_1_to_2000" for row in rows))
    r.run(r.new, ddl)
    trio = old("shop", "trio")
    project = r.project(Mapping("trio", trio, {"a": trio.a, "b": trio.b, "n": trio.n}, ids=Computed()))
    key = project.move("shop.trio").key
    with project.old["shop"].engine.connect() as connection:
        everything = sa.select(*key.texts(trio)).select_from(trio.from_)
        keys = [tuple(map(str, row)) for row in connection.execute(everything.where(trio.n.in_([7, 8])))]
        assert len(keys) == 2 * len(rows)
        for asked in (keys, keys[-1:]):
            statement = everything.where(key.is_one_of(trio, asked))
            assert sorted(tuple(map(str, row)) for row in connection.execute(statement)) == sorted(asked)
            bound = statement.compile(connection, compile_kwargs={"literal_binds": True})
            plan = connection.exec_driver_sql(f"EXPLAIN FORMAT=TRADITIONAL {bound}").mappings().all()
            used = [(row["type"], row["key"]) for row in plan if row["table"] == "trio"]
            # MariaDB knows a single key before it begins.
            assert used == [("eq_ref" if len(asked) > 1 or ON_MYSQL else "const", "PRIMARY")]


@pytest.mark.parametrize("type_", ["YEAR"])
def test_no_root_of_a_single_column_is_taken_for_gone(rig: Callable[..., Rig], type_: str) -> None:
    r = rig("mariadb", shop="mariadb")
    r.run(
        r.old,
        f"CREATE TABLE single (a {type_} NOT NULL PRIMARY KEY, v INT)",
        "INSERT INTO single VALUES (0, 5), (1999, 6), (2000, 7)",
    )
    r.run(r.new, "CREATE TABLE single (id INT AUTO_INCREMENT PRIMARY KEY, v INT)")
    single = old("shop", "single")
    project = r.project(Mapping("single", single, {"v": single.v}, ids=Assigned()))
    copy(project)
    with project.new.engine.connect() as connection:
        keys = connection.exec_driver_sql("SELECT root_key FROM changeover_id_map").scalars().all()
    done = apply(project, project.move("shop.single"), Keys(tuple(key_text(key) for key in keys)), Pool())
    assert (done.deleted, done.unchanged) == (0, 3)
    assert sorted(v for _, v in r.rows("single")) == [5, 6, 7]
    assert [one for one in compare(project, "shop.single") if not one.equal] == []
