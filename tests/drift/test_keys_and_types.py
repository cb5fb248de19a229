"""Faults in tables of uncommon keys and types: each one is found, none invented, all mended, and a second look finds nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from changeover.ledger.verified import Depth
from changeover.mapping import Assigned, Computed, Keep, Mapping, old
from tests.drift.rig import drift, mended, verified
from tests.transfer.rig import Rig, copy

Found = dict[str, tuple[str, tuple[str, ...]]]
DIFFERENT: tuple[str, tuple[str, ...]] = ("different", ("v",))
MISSING: tuple[str, tuple[str, ...]] = ("missing", ())
EXTRA: tuple[str, tuple[str, ...]] = ("extra", ())
t = old("shop", "t")
DEPTHS: tuple[Depth, ...] = ("checksums", "values")


@dataclass(frozen=True)
class Case:
    """A table on a pair of databases, faults in it, and what is to be found. ``rejected`` are keys that can't be moved."""

    pair: tuple[str, str]
    old: str
    new: str
    rows: tuple[str, ...]
    faults: tuple[str, ...]
    found: Found
    mapping: Mapping = field(default_factory=lambda: Mapping("t", t, {"k": t.k, "v": t.v}, ids=Computed()))
    rejected: tuple[str, ...] = ()


M, P, S = "mariadb", "postgres", "sqlite"
_two = Mapping("t", t, {"a": t.a, "b": t.b, "v": t.v}, ids=Computed())
_kept = Mapping("t", t, {"v": t.v}, ids=Keep())
_given = Mapping("t", t, {"v": t.v}, ids=Assigned())


def one(
    pair: tuple[str, str],
    old_type: str,
    new_type: str,
    values: tuple[str, ...],
    fault: str,
    rejected: tuple[str, ...] = (),
) -> Case:
    """A column ``v`` of some type under integer keys; the row 1 gets ``fault``."""
    return Case(
        pair,
        f"k INT PRIMARY KEY, v {old_type}",
        f"k INT PRIMARY KEY, v {new_type}",
        tuple(f"{n}, {value}" for n, value in enumerate(values, 1)),
        (f"UPDATE t SET v = {fault} WHERE k = 1",),
        {"1": DIFFERENT},
        _kept,
        rejected,
    )


CASES: dict[str, Case] = {
    "composite latin1 text to MariaDB": Case(
        (M, M),
        "a VARCHAR(20) CHARACTER SET latin1, b INT, v VARCHAR(9), PRIMARY KEY (a, b)",
        "a VARCHAR(20) CHARACTER SET utf8mb4, b INT, v VARCHAR(9), PRIMARY KEY (a, b)",
        ("'é', 1, 'x'", "'é', 2, 'x'", "'ü|~', 3, 'x'", "'z', -1, 'x'", "'ß', 1, 'x'"),
        (
            "UPDATE t SET v = 'y' WHERE b = 1",
            "DELETE FROM t WHERE a = 'é' AND b = 2",
            "DELETE FROM t WHERE b = 3",
        ),
        {"é|1": DIFFERENT, "ß|1": DIFFERENT, "é|2": MISSING, "ü~!~~|3": MISSING},
        _two,
    ),
    "composite text to PostgreSQL": Case(
        (M, P),
        "a VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_bin, b CHAR(3), v VARCHAR(9), PRIMARY KEY (a, b)",
        "a VARCHAR(20), b VARCHAR(3), v VARCHAR(9), PRIMARY KEY (a, b)",
        (
            "'a', 'x', '1'",
            "'A', 'x', '2'",
            "'é', '', '3'",
            "'', 'ab', '4'",
            "'ß', 'q', '5'",
            "'ss', 'q', '6'",
        ),
        (
            "UPDATE t SET v = '2' WHERE a = 'a'",
            "UPDATE t SET v = '1' WHERE a = 'A'",
            "DELETE FROM t WHERE a = 'é'",
            "UPDATE t SET v = '9' WHERE a = 'ss'",
        ),
        {"a|x": DIFFERENT, "A|x": DIFFERENT, "é|": MISSING, "ss|q": DIFFERENT},
        _two,
    ),
    "text keys that the new side takes for one": Case(
        (P, M),
        "k VARCHAR(20) PRIMARY KEY, v VARCHAR(9)",
        "k VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci PRIMARY KEY, v VARCHAR(9)",
        ("'a', '1'", "'A', '2'", "'ß', '3'", "'ss', '4'", "'x', '5'", "'x ', '6'", "'b', '7'"),
        ("UPDATE t SET v = '0' WHERE k = 'b'",),
        {"b": DIFFERENT},
        rejected=("a", "x ", "ß"),
    ),
    "UUIDs as bytes": Case(
        (M, M),
        "k BINARY(16) PRIMARY KEY, v VARCHAR(9)",
        "k BINARY(16) PRIMARY KEY, v VARCHAR(9)",
        tuple(f"X'{n:032X}', 'x'" for n in (0, 1, 0x5C27, 2**128 - 1)),
        (
            "UPDATE t SET v = 'y' WHERE k = X'00000000000000000000000000005C27'",
            f"DELETE FROM t WHERE k = X'{'F' * 32}'",
        ),
        {f"{0x5C27:032X}": DIFFERENT, "F" * 32: MISSING},
    ),
    "UUIDs of bytes as PostgreSQL's": Case(
        (M, P),
        "k BINARY(16) PRIMARY KEY, v VARCHAR(9)",
        "k uuid PRIMARY KEY, v VARCHAR(9)",
        tuple(f"X'{n:032X}', 'x'" for n in (0, 1, 0x5C27, 2**128 - 1)),
        ("UPDATE t SET v = 'y' WHERE k::text LIKE '%5c27'", "DELETE FROM t WHERE k::text LIKE 'ffff%'"),
        {f"{0x5C27:032X}": DIFFERENT, "F" * 32: MISSING},
    ),
    "UUIDs of text as PostgreSQL's": Case(
        (S, P),
        "k TEXT NOT NULL PRIMARY KEY, v TEXT",
        "k uuid PRIMARY KEY, v VARCHAR(9)",
        tuple(f"'{n:08x}-0000-0000-0000-00000000000A', 'x'" for n in range(4)),
        (
            "UPDATE t SET v = 'y' WHERE k::text LIKE '00000002%'",
            "DELETE FROM t WHERE k::text LIKE '00000003%'",
        ),
        {"00000002-0000-0000-0000-00000000000A": DIFFERENT, "00000003-0000-0000-0000-00000000000A": MISSING},
    ),
    "times with microseconds": Case(
        (M, P),
        "k DATETIME(6) PRIMARY KEY, v VARCHAR(9)",
        "k TIMESTAMP PRIMARY KEY, v VARCHAR(9)",
        tuple(
            f"'{k}', 'x'"
            for k in (
                "2020-01-01",
                "2020-01-01 00:00:00.000001",
                "2020-01-01 00:00:00.1",
                "9999-12-31 23:59:59.999999",
            )
        ),
        (
            "UPDATE t SET v = 'y' WHERE k = '2020-01-01 00:00:00.000001'",
            "DELETE FROM t WHERE k = '2020-01-01 00:00:00.1'",
        ),
        {"2020-01-01 00:00:00.000001": DIFFERENT, "2020-01-01 00:00:00.1": MISSING},
    ),
    "times of SQLite": Case(
        (S, M),
        "k DATETIME NOT NULL PRIMARY KEY, v TEXT",
        "k DATETIME(6) PRIMARY KEY, v VARCHAR(9)",
        tuple(
            f"'{k}', 'x'"
            for k in ("2020-01-01 00:00:00.000000", "2020-01-01 00:00:01", "2020-01-01T00:00:02.5")
        ),
        (
            "UPDATE t SET v = 'y' WHERE k = '2020-01-01 00:00:00'",
            "DELETE FROM t WHERE k = '2020-01-01 00:00:02.5'",
        ),
        {"2020-01-01 00:00:00.000000": DIFFERENT, "2020-01-01T00:00:02.5": MISSING},
    ),
    "decimals": Case(
        (P, M),
        "k NUMERIC(20, 5) PRIMARY KEY, v VARCHAR(9)",
        "k DECIMAL(20, 5) PRIMARY KEY, v VARCHAR(9)",
        tuple(f"{k}, 'x'" for k in ("-1.5", "0", "0.00001", "999999999999999.99999")),
        ("UPDATE t SET v = 'y' WHERE k = 0.00001", "DELETE FROM t WHERE k < 0"),
        {"0.00001": DIFFERENT, "-1.5": MISSING},
    ),
    "negative and large numbers": Case(
        (M, P),
        "k BIGINT PRIMARY KEY, v VARCHAR(9)",
        "k BIGINT PRIMARY KEY, v VARCHAR(9)",
        tuple(f"{k}, 'x'" for k in (-(2**63), -1, 0, 1, 2**63 - 1)),
        ("UPDATE t SET v = 'y' WHERE k = 9223372036854775807", "DELETE FROM t WHERE k < -1"),
        {str(2**63 - 1): DIFFERENT, str(-(2**63)): MISSING},
    ),
    "unsigned keys": Case(
        (M, M),
        "k BIGINT UNSIGNED PRIMARY KEY, v VARCHAR(9)",
        "k BIGINT UNSIGNED PRIMARY KEY, v VARCHAR(9)",
        tuple(f"{k}, 'x'" for k in (0, 1, 2**63, 2**64 - 2)),
        (f"UPDATE t SET v = 'y' WHERE k = {2**64 - 2}", f"DELETE FROM t WHERE k = {2**63}"),
        {str(2**64 - 2): DIFFERENT, str(2**63): MISSING},
    ),
    "unsigned keys with given ids": Case(
        (M, M),
        "k BIGINT UNSIGNED PRIMARY KEY, v VARCHAR(9)",
        "id BIGINT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(9)",
        tuple(f"{k}, 'x{n}'" for n, k in enumerate((0, 1, 2**63, 2**64 - 1))),
        ("UPDATE t SET v = 'y' WHERE v = 'x3'", "DELETE FROM t WHERE v = 'x2'"),
        {str(2**64 - 1): DIFFERENT, str(2**63): MISSING},
        _given,
    ),
    "unsigned keys as PostgreSQL's numeric": Case(
        (M, P),
        "k BIGINT UNSIGNED PRIMARY KEY, v VARCHAR(9)",
        "k NUMERIC(20) PRIMARY KEY, v VARCHAR(9)",
        tuple(f"{k}, 'x'" for k in (0, 1, 2**63, 2**64 - 1)),
        (f"UPDATE t SET v = 'y' WHERE k = {2**64 - 1}", f"DELETE FROM t WHERE k = {2**63}"),
        {str(2**64 - 1): DIFFERENT, str(2**63): MISSING},
    ),
    "swapped keys": Case(
        (P, P),
        "k INT PRIMARY KEY, v TEXT",
        "k INT PRIMARY KEY, v TEXT",
        tuple(f"{n}, 'v{n}'" for n in range(1, 9)),
        (
            "UPDATE t SET k = -k WHERE k IN (3, 4)",
            "UPDATE t SET k = 7 + k WHERE k < 0",
            "INSERT INTO t VALUES (5000, 'by hand')",
        ),
        {"3": DIFFERENT, "4": DIFFERENT},
        _kept,
    ),
    "zero dates": one(
        (M, M),
        "DATE",
        "DATE",
        ("'2020-01-01'", "'0000-00-00'", "'2020-00-10'"),
        "'2020-01-02'",
        rejected=("2", "3"),
    ),
    "zero dates to PostgreSQL": one(
        (M, P),
        "DATETIME",
        "TIMESTAMP",
        ("'2020-01-01'", "'0000-00-00'"),
        "'2020-01-01 00:00:01'",
        rejected=("2",),
    ),
    "bits": one((M, M), "BIT(9)", "BIT(9)", ("b'100000001'", "b'0'", "NULL"), "b'100000000'"),
    "bits to PostgreSQL": one((M, P), "BIT(9)", "BIT(9)", ("b'100000001'", "b'0'", "NULL"), "B'100000000'"),
    "sets": one((M, M), "SET('a','b')", "SET('a','b')", ("'a,b'", "''", "NULL"), "'b'"),
    "sets to text": one((M, P), "SET('a','b')", "TEXT", ("'a,b'", "''", "NULL"), "'b,a'"),
    "labels": one((M, P), "ENUM('a','A ')", "VARCHAR(5)", ("'a'", "'A '", "NULL"), "'a '"),
    "years": one((M, P), "YEAR", "SMALLINT", ("2000", "0", "NULL"), "1999"),
    "long times": one(
        (M, M),
        "TIME(6)",
        "TIME(6)",
        ("'-100:00:00.000001'", "'838:59:59'", "'25:00:00'"),
        "'100:00:00.000001'",
    ),
    "long times to text": one(
        (M, S), "TIME(6)", "TEXT", ("'-100:00:00.000001'", "'838:59:59'"), "'-100:00:00.00001'"
    ),
    "JSON as text": one((M, M), "JSON", "JSON", ("'{\"a\": 1}'", "'[]'", "'null'", "NULL"), "'{\"a\": 1 }'"),
    "JSON to jsonb": one(
        (M, P), "JSON", "jsonb", ("'{\"a\": 1}'", "'[]'", "'null'", "NULL"), "'{\"a\": 1.5}'"
    ),
    "JSON null for NULL": one((P, P), "jsonb", "jsonb", ("NULL", "'null'", "'{}'"), "'null'"),
    "arrays": one((P, P), "INT[]", "INT[]", ("'{1,2}'", "'{}'", "NULL", "'{NULL}'"), "'{1,NULL}'"),
    "arrays of texts": one(
        (P, P), "TEXT[]", "TEXT[]", ("'{\"\"}'", "'{}'", "'{NULL,\"NULL\"}'", "'{{a,b},{c,d}}'"), "'{}'"
    ),
    "addresses": one((P, P), "INET", "INET", ("'10.0.0.1'", "'::1/64'", "NULL"), "'10.0.0.1/31'"),
    "bytes": one((P, M), "BYTEA", "LONGBLOB", ("'\\x00ff5c27'", "''", "NULL"), "X'00FF5C'"),
    "bytes padded": one((M, M), "BINARY(4)", "VARBINARY(9)", ("X'0102'", "X''", "NULL"), "X'0102'"),
    "intervals": one((P, P), "INTERVAL", "INTERVAL", ("'1 day'", "'1 month -1 day'", "NULL"), "'24:00:00'"),
    "instants": one(
        (P, M),
        "TIMESTAMPTZ",
        "DATETIME(6)",
        ("'2020-01-01 00:00:00.000001+09'", "'-infinity'", "NULL"),
        "'2020-01-01 00:00:00.000001'",
        rejected=("2",),
    ),
    "instants with microseconds": one(
        (P, P),
        "TIMESTAMPTZ",
        "TIMESTAMPTZ",
        ("'2020-01-01 00:00:00.000001+09'", "'-infinity'", "'0044-03-15 BC'"),
        "'2020-01-01 00:00:00+09'",
    ),
    "NaN": one((P, P), "NUMERIC", "NUMERIC", ("'NaN'", "1.10", "NULL"), "0"),
    "NaN of doubles": one(
        (P, P), "FLOAT8", "FLOAT8", ("'NaN'", "'-Infinity'", "'-0.0'", "NULL"), "'Infinity'"
    ),
    "the sign of zero": one((P, P), "FLOAT8", "FLOAT8", ("'-0.0'", "'0.0'", "NULL"), "'0.0'"),
    "singles": one((M, P), "FLOAT", "FLOAT8", ("0.1", "-0.0", "1e38"), "0.1"),
    "padding": one((M, M), "CHAR(5)", "VARCHAR(9)", ("'a'", "''", "NULL"), "'a '"),
    "padding of PostgreSQL": one((P, M), "CHAR(5)", "VARCHAR(9)", ("'a'", "''", "NULL"), "'a '"),
    "case": one((M, M), "VARCHAR(9)", "VARCHAR(9)", ("'a'", "''", "NULL"), "'A'"),
    "accents": one(
        (M, M),
        "VARCHAR(9) CHARACTER SET utf8mb4",
        "VARCHAR(9) CHARACTER SET utf8mb4",
        ("'e'", "'é'", "'e\u0301'"),
        "'é'",
    ),
    "composed letters": one((P, P), "TEXT", "TEXT", ("'e\u0301'", "'é'"), "'é'"),
    "texts in SQLite's numbers": one(
        (S, M), "INTEGER", "BIGINT", ("1", "'x'", "1.5", "X'31'"), "2", rejected=("2", "3", "4")
    ),
    "numbers in SQLite's texts": one(
        (S, S), "TEXT", "TEXT", ("'1.0'", "X'31'", "'1'"), "'1'", rejected=("2",)
    ),
    "reals in SQLite's texts": one((S, P), "BLOB_TEXT", "TEXT", ("1.5", "'1.5'", "3"), "'1.50'"),
    "numbers stored as texts in the new side's SQLite": one(
        (S, S), "INTEGER", "INTEGER", ("10", "-1"), "'10x'"
    ),
    "texts stored as numbers in the new side's SQLite": one((S, S), "VARCHAR(9)", "BLOB", ("'10'",), "10"),
}


@pytest.mark.parametrize("name", CASES)
def test_every_fault_is_found_and_mended(rig: Callable[..., Rig], name: str) -> None:
    case = CASES[name]
    r = rig(case.pair[1], shop=case.pair[0])
    r.run(r.old, f"CREATE TABLE t ({case.old})", *(f"INSERT INTO t VALUES ({row})" for row in case.rows))
    r.run(r.new, f"CREATE TABLE t ({case.new})")
    project = r.project(case.mapping)
    assert [one.error for one in copy(project) if one.error] == []
    assert sorted(row.root_key for row in r.rejects()) == sorted(case.rejected)
    for depth in DEPTHS:
        assert drift(project, verified(project, depth=depth)) == {}
    r.run(r.new, *case.faults)
    for depth in DEPTHS:
        assert drift(project, verified(project, depth=depth)) == {"t": case.found}
    assert {one.key for one in mended(project)} == set(case.found)
    for depth in DEPTHS:
        again = verified(project, depth=depth)
        assert drift(project, again) == {}
        assert sum(v.rejected for one in again for v in one.results) == len(case.rejected)
