from __future__ import annotations

import pytest
from sqlalchemy import Text, cast, func

from changeover.mapping import Mapping, left_join, lookup, narrow, old, target_default, value_map
from tests.check.conftest import Check, of_rule, only

ROOT = old("old", "tb_item")


def one(column: str = "v") -> Mapping:
    return Mapping("item", ROOT, {column: ROOT.v})


def declared(kind: str) -> str:
    return f"CREATE TABLE tb_item (id INT PRIMARY KEY, v {kind})"


def target(kind: str) -> str:
    return f"CREATE TABLE item (id INT PRIMARY KEY, v {kind})"


@pytest.mark.parametrize(
    ("kind", "before", "after", "rules"),
    [
        ("mariadb", "VARCHAR(200)", "VARCHAR(100)", ["type-narrows"]),
        ("mariadb", "VARCHAR(100)", "VARCHAR(200)", []),
        ("mariadb", "BIGINT UNSIGNED", "BIGINT", ["type-narrows"]),
        ("mariadb", "DECIMAL(12,4)", "DECIMAL(12,2)", ["type-narrows"]),
        ("mariadb", "ENUM('a', 'b')", "ENUM('a')", ["type-narrows"]),
        ("mariadb", "DATETIME(6)", "DATE", ["type-narrows"]),
        ("mariadb", "TIMESTAMP NULL", "DATETIME", []),
        ("mariadb", "VARBINARY(10)", "VARCHAR(10)", ["type-refused"]),
        ("postgres", "BIGINT", "INTEGER", ["type-narrows"]),
        ("postgres", "BYTEA", "TEXT", ["type-refused"]),
        ("postgres", "TIMESTAMPTZ", "TIMESTAMP", []),
        ("postgres", "TEXT", "INTEGER", []),
        ("sqlite", "VARCHAR(200)", "VARCHAR(100)", ["type-narrows"]),
    ],
)
def test_types_that_lose_values_are_refused(
    check_on: Check, kind: str, before: str, after: str, rules: list[str]
) -> None:
    found = check_on(one(), old=declared(before), new=target(after), kind=kind)
    assert [(f.rule, f.column) for f in found] == [(rule, "v") for rule in rules]
    assert all(f.message and f.remedy for f in found)


def test_a_narrowing_type_is_accepted_with_consent_and_only_where_it_narrows(check_on: Check) -> None:
    consent = Mapping("item", ROOT, {"v": narrow(ROOT.v)})
    assert check_on(consent, old=declared("VARCHAR(200)"), new=target("VARCHAR(100)")) == []
    found = only(check_on(consent, old=declared("VARCHAR(50)"), new=target("VARCHAR(100)")))
    assert (found.rule, found.severity, found.column) == ("needless-narrow", "warning", "v")


def test_consent_does_not_make_sense_of_a_refused_type(check_on: Check) -> None:
    consent = Mapping("item", ROOT, {"v": narrow(ROOT.v)})
    found = check_on(consent, old=declared("BYTEA"), new=target("TEXT"), kind="postgres")
    assert only(found).rule == "type-refused"


@pytest.mark.parametrize(("kind", "type_"), [("postgres", "point"), ("mariadb", "POINT")])
def test_a_type_that_is_not_carried_is_named_on_either_side(check_on: Check, kind: str, type_: str) -> None:
    found = only(
        of_rule(check_on(one(), old=declared(type_), new=target("TEXT"), kind=kind), "unsupported-type")
    )
    assert (found.table, found.column) == ("old.tb_item", "v")
    found = only(
        of_rule(
            check_on(one(), old=declared("VARCHAR(10)"), new=target(type_), kind=kind), "unsupported-type"
        )
    )
    assert (found.table, found.column) == ("item", "v")
    left = Mapping("item", ROOT, {"v": target_default()})
    assert check_on(left, old=declared(type_), new=target(type_), kind=kind) == []


def test_an_expression_makes_an_unsupported_column_readable(check_on: Check) -> None:
    said = Mapping("item", ROOT, {"v": cast(ROOT.v, Text)})
    assert check_on(said, old=declared("point"), new=target("TEXT"), kind="postgres") == []


def test_null_into_not_null_is_noticed(check_on: Check) -> None:
    before = declared("INT") + "; CREATE TABLE tb_more (id INT PRIMARY KEY, w INT NOT NULL)"
    after = "CREATE TABLE item (id INT PRIMARY KEY, a INT NOT NULL, b INT NOT NULL, c INT NOT NULL, d INT NOT NULL, e INT)"
    more = old("old", "tb_more")
    columns = {
        "a": ROOT.v,
        "b": more.w,
        "c": value_map(ROOT.v, {"1": 2}),
        "d": lookup("item", ROOT.v, by="id"),
        "e": ROOT.v,
    }
    mapping = Mapping("item", ROOT, columns, joins=(left_join(more, more.id == ROOT.id),))
    found = check_on(mapping, old=before, new=after)
    assert [(f.rule, f.severity, f.column) for f in found] == [
        ("nullable-into-not-null", "warning", c) for c in "abcd"
    ]
    columns |= {"a": func.coalesce(ROOT.v, 0), "c": value_map(ROOT.v, {"1": 2}, null=0), "d": ROOT.id}
    settled = Mapping("item", ROOT, columns, joins=mapping.joins)
    assert [f.column for f in check_on(settled, old=before, new=after)] == ["b"]


@pytest.mark.parametrize(
    ("before", "after", "rules"),
    [
        ("utf8mb4", "latin1", ["characters-lost"]),
        ("utf8mb4", "utf8mb3", ["characters-lost"]),
        ("latin1", "utf8mb4", []),
        ("latin1", "latin1", []),
    ],
)
@pytest.mark.parametrize("of_table", [False, True])
def test_a_character_set_that_lacks_characters_is_noticed(
    check_on: Check, before: str, after: str, rules: list[str], of_table: bool
) -> None:
    def table(statement: str, charset: str) -> str:
        if of_table:
            return f"{statement % ''} DEFAULT CHARSET {charset}"
        return f"{statement % f' CHARACTER SET {charset}'} DEFAULT CHARSET utf8mb4"

    found = check_on(
        one(),
        old=table(declared("VARCHAR(50)%s"), before),
        new=table(target("VARCHAR(50)%s"), after),
        kind="mariadb",
    )
    assert [f.rule for f in found] == rules


@pytest.mark.parametrize(
    ("before", "after", "rules"),
    [
        ("utf8mb4_bin", "utf8mb4_unicode_ci", ["case-insensitive-unique"]),
        ("utf8mb4_unicode_ci", "utf8mb4_unicode_ci", []),
        ("utf8mb4_bin", "utf8mb4_bin", []),
    ],
)
def test_a_unique_index_that_folds_case_is_noticed(
    check_on: Check, before: str, after: str, rules: list[str]
) -> None:
    text = "VARCHAR(50) CHARACTER SET utf8mb4 COLLATE %s"
    found = check_on(one(), old=declared(text % before), new=target(text % after + " UNIQUE"), kind="mariadb")
    assert [f.rule for f in found] == rules
    assert check_on(one(), old=declared(text % before), new=target(text % after), kind="mariadb") == []


def test_a_unique_index_that_folds_case_is_noticed_across_databases(check_on: Check) -> None:
    text = "VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci UNIQUE"
    found = check_on(
        one(), old=declared("VARCHAR(50)"), new=target(text), kind="postgres", new_kind="mariadb"
    )
    assert [f.rule for f in found] == ["case-insensitive-unique"]


@pytest.mark.parametrize(
    ("kind", "source", "into", "warned"),
    [
        ("mariadb", "FLOAT", "DECIMAL(10,2)", True),
        ("mariadb", "DOUBLE", "DECIMAL(10,2)", True),
        ("postgres", "double precision", "numeric(10,2)", True),
        ("postgres", "real", "numeric(10,2)", True),
        ("sqlite", "REAL", "DECIMAL(10,2)", True),
        ("mariadb", "BIGINT", "DOUBLE", True),
        ("mariadb", "FLOAT", "DOUBLE", False),
        ("mariadb", "INT", "DOUBLE", False),
        ("mariadb", "VARCHAR(20)", "DECIMAL(10,2)", False),
        ("sqlite", "INTEGER", "DOUBLE", False),
    ],
)
def test_numbers_that_fit_value_by_value_are_told_of(
    check_on: Check, kind: str, source: str, into: str, warned: bool
) -> None:
    found = check_on(one(), old=declared(source), new=target(into), kind=kind)
    told = [(f.rule, f.severity, f.table, f.column) for f in found]
    assert told == ([("inexact-number", "warning", "item", "v")] if warned else [])
    consent = Mapping("item", ROOT, {"v": narrow(ROOT.v)})
    found = check_on(consent, old=declared(source), new=target(into), kind=kind)
    assert [f.rule for f in found] in ([], ["needless-narrow"])
    assert not (warned and found)
