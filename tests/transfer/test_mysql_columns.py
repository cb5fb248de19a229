"""What only MariaDB and MySQL declare or do: ZEROFILL, labels that SHOW CREATE TABLE escapes, bytes in temporary tables."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from changeover.mapping import Assigned, Computed, Mapping, lookup, narrow, old
from tests.transfer.rig import KINDS, Rig, assert_settled, copy, counts


def numbers(r: Rig, ddl: str, count: int = 10) -> None:
    r.run(r.old, f"CREATE TABLE t (id {ddl} PRIMARY KEY, v VARCHAR(20))")
    r.run(r.old, f"INSERT INTO t SELECT seq, 'a' FROM seq_1_to_{count}")


@pytest.mark.parametrize("new", KINDS)
@pytest.mark.parametrize("ddl", ["INT(8) ZEROFILL", "BIGINT(20) ZEROFILL", "DECIMAL(12,2) ZEROFILL"])
def test_a_zerofill_key_is_the_number(rig: Callable[..., Rig], new: str, ddl: str) -> None:
    r = rig(new, shop="mariadb")
    numbers(r, ddl)
    r.run(
        r.new,
        f"CREATE TABLE t (id {'DECIMAL(12,2)' if 'DEC' in ddl else 'BIGINT'} PRIMARY KEY, v VARCHAR(3))",
    )
    t = old("shop", "t")
    project = r.project(Mapping("t", t, {"v": narrow(t.v)}))
    done = copy(project)
    assert counts(done) == (10, 0, 0, 0)
    r.run(r.old, "DELETE FROM t WHERE id = 10", "UPDATE t SET v = 'b' WHERE id = 3")
    again = copy(project)
    assert counts(again) == (0, 1, 1, 0)
    assert [int(row[0]) for row in sorted(r.rows("t"))] == list(range(1, 10))
    assert_settled(project, again)


@pytest.mark.parametrize("new", KINDS)
def test_a_zerofill_column_fits_like_any_other(rig: Callable[..., Rig], new: str) -> None:
    r = rig(new, shop="mariadb")
    r.run(
        r.old,
        "CREATE TABLE t (id INT PRIMARY KEY, no INT(8) ZEROFILL, price DECIMAL(10,2) ZEROFILL, v VARCHAR(20))",
        "INSERT INTO t SELECT seq, seq, seq / 4, IF(seq = 50, 'too long', 'a') FROM seq_1_to_100",
    )
    r.run(r.new, "CREATE TABLE t (id INT PRIMARY KEY, no BIGINT, price DECIMAL(10,2), v VARCHAR(3))")
    t = old("shop", "t")
    project = r.project(Mapping("t", t, {"no": t.no, "price": t.price, "v": narrow(t.v)}))
    done = copy(project)
    assert r.reject_keys() == {"50": "value"}
    assert len(r.rows("t", "id")) == 99
    assert_settled(project, done)


def test_children_find_a_parent_with_a_zerofill_key(rig: Callable[..., Rig]) -> None:
    r = rig("mariadb", shop="mariadb")
    numbers(r, "INT(8) ZEROFILL")
    r.run(
        r.old, "CREATE TABLE c (id INT PRIMARY KEY, t INT)", "INSERT INTO c SELECT seq, seq FROM seq_1_to_10"
    )
    r.run(
        r.new,
        "CREATE TABLE t (id INT(8) ZEROFILL AUTO_INCREMENT PRIMARY KEY, v VARCHAR(20))",
        "CREATE TABLE c (t INT(8) ZEROFILL, id INT, PRIMARY KEY (t, id), FOREIGN KEY (t) REFERENCES t (id))",
    )
    t, c = old("shop", "t"), old("shop", "c")
    project = r.project(
        Mapping("t", t, {"v": t.v}, ids=Assigned()),
        Mapping("c", c, {"t": lookup("t", c.t), "id": c.id}, ids=Computed()),
    )
    done = copy(project)
    assert r.rejects() == []
    assert len(r.rows("c")) == 10
    assert_settled(project, done)
    # Two roots of one row are told apart by what the row's key is, however the column shows it.
    r.run(r.old, "UPDATE c SET id = id + 100")
    assert counts(copy(project), "deleted") == (10,)
    assert len(r.rows("c")) == 10


def test_labels_with_a_backslash_are_labels(rig: Callable[..., Rig]) -> None:
    r = rig("mariadb", shop="mariadb")
    labels = r"e ENUM('a\\b','it''s','line\nend'), s SET('c\\d','ef')"
    r.run(
        r.old,
        f"CREATE TABLE t (id INT PRIMARY KEY, {labels}, v VARCHAR(20))",
        r"INSERT INTO t VALUES (1,'a\\b','c\\d','x'), (2,'it''s','c\\d,ef','x'), (3,'line\nend','','x'), (4,NULL,'','too long')",
    )
    r.run(r.new, f"CREATE TABLE t (id INT PRIMARY KEY, {labels}, v VARCHAR(3))")
    t = old("shop", "t")
    project = r.project(Mapping("t", t, {"e": t.e, "s": t.s, "v": narrow(t.v)}))
    done = copy(project)
    assert r.reject_keys() == {"4": "value"}
    with r.new.connect() as connection:
        found = connection.exec_driver_sql("SELECT e, s FROM t ORDER BY id").all()
    assert [tuple(row) for row in found] == [("a\\b", "c\\d"), ("it's", "c\\d,ef"), ("line\nend", "")]
    assert_settled(project, done)


BYTES = ("0000", "00FF", "5C27", "FF00")
TEMPORARY = {
    "assigned": Assigned(),
    "matched": Assigned(match=("w",)),
    "computed": Computed(),
}


@pytest.mark.parametrize("ids", TEMPORARY)
def test_bytes_arrive_in_several_rows_beside_rows_that_are_there(rig: Callable[..., Rig], ids: str) -> None:
    r = rig("mariadb", shop="mariadb")
    columns = "v LONGBLOB, w BINARY(16) NOT NULL UNIQUE"
    r.run(r.old, f"CREATE TABLE t (id INT PRIMARY KEY, {columns})")
    r.run(r.old, *(f"INSERT INTO t VALUES ({n}, X'{b}', X'{b}')" for n, b in enumerate(BYTES)))
    key = (
        "w BINARY(16) PRIMARY KEY, v LONGBLOB"
        if ids == "computed"
        else f"id INT AUTO_INCREMENT PRIMARY KEY, {columns}"
    )
    r.run(r.new, f"CREATE TABLE t ({key})")
    t = old("shop", "t")
    project = r.project(Mapping("t", t, {"v": t.v, "w": t.w}, ids=TEMPORARY[ids]))
    copy(project)
    whole = r.rows("t")
    # Rows beside others are written by way of a temporary table.
    r.run(r.new, "DELETE FROM t WHERE v IN (X'00FF', X'5C27')")
    done = copy(project)
    assert r.rejects() == []
    assert counts(done) == (2, 0, 0, 0)
    assert r.rows("t") == whole
    assert_settled(project, done)
