from __future__ import annotations

import pytest

from changeover.mapping import Assigned, Mapping, constant, old, target_default
from tests.check.conftest import Check, of_rule, only

OLD = "CREATE TABLE tb_user (id INTEGER PRIMARY KEY, name VARCHAR(50) NOT NULL, mail VARCHAR(50) NOT NULL)"
USER = old("old", "tb_user")
NAMED = {"name": USER.name}


def test_a_missing_target_is_named_with_the_one_most_like_it(check_on: Check) -> None:
    found = only(
        check_on(
            Mapping("users", USER, NAMED),
            old=OLD,
            new="CREATE TABLE user (id INTEGER PRIMARY KEY, name VARCHAR(50))",
        )
    )
    assert (found.rule, found.table) == ("unknown-target-table", "users")
    assert "did you mean user?" in found.remedy


def test_a_missing_target_column_is_named_with_the_one_most_like_it(check_on: Check) -> None:
    after = "CREATE TABLE user (id INTEGER PRIMARY KEY, full_name VARCHAR(50) NOT NULL)"
    found = check_on(Mapping("user", USER, {"fullname": USER.name}), old=OLD, new=after)
    assert [(f.rule, f.column) for f in found] == [
        ("required-column-unmapped", "full_name"),
        ("unknown-target-column", "fullname"),
    ]
    assert "did you mean full_name?" in found[1].remedy


def test_a_target_without_a_primary_key_is_refused(check_on: Check) -> None:
    found = check_on(
        Mapping("user", USER, {"id": USER.id, **NAMED}),
        old=OLD,
        new="CREATE TABLE user (id INT, name VARCHAR(50))",
    )
    assert [f.rule for f in found if f.severity == "error"] == ["target-without-primary-key"]


@pytest.mark.parametrize(
    ("kind", "generated"),
    [
        ("sqlite", "VARCHAR(50) GENERATED ALWAYS AS (lower(name)) STORED"),
        ("mariadb", "VARCHAR(50) GENERATED ALWAYS AS (lower(name)) STORED"),
        ("postgres", "VARCHAR(50) GENERATED ALWAYS AS (lower(name)) STORED"),
    ],
)
def test_a_generated_column_is_left_out(check_on: Check, kind: str, generated: str) -> None:
    after = f"CREATE TABLE member (id INT PRIMARY KEY, name VARCHAR(50) NOT NULL, folded {generated})"
    found = only(
        check_on(Mapping("member", USER, {**NAMED, "folded": USER.mail}), old=OLD, new=after, kind=kind)
    )
    assert (found.rule, found.column) == ("generated-column", "folded")
    assert check_on(Mapping("member", USER, NAMED), old=OLD, new=after, kind=kind) == []


def test_a_target_without_transactions_is_refused(check_on: Check) -> None:
    after = "CREATE TABLE member (id INT PRIMARY KEY, name VARCHAR(50) NOT NULL) ENGINE = %s"
    found = only(check_on(Mapping("member", USER, NAMED), old=OLD, new=after % "MyISAM", kind="mariadb"))
    assert (found.rule, found.remedy) == ("target-not-transactional", "ALTER TABLE `member` ENGINE = InnoDB")
    assert check_on(Mapping("member", USER, NAMED), old=OLD, new=after % "InnoDB", kind="mariadb") == []


WIDE = """
CREATE TABLE member (
  id INT PRIMARY KEY, name VARCHAR(50) NOT NULL,
  required INT NOT NULL, nullable INT, preset INT NOT NULL DEFAULT 7
)
"""


@pytest.mark.parametrize("kind", ["sqlite", "mariadb", "postgres"])
def test_columns_that_the_mapping_says_nothing_about_are_named(check_on: Check, kind: str) -> None:
    found = check_on(Mapping("member", USER, NAMED), old=OLD, new=WIDE, kind=kind)
    assert [(f.rule, f.severity, f.column) for f in found] == [
        ("nullable-column-unmapped", "error", "nullable"),
        ("required-column-unmapped", "error", "required"),
        ("default-column-unmapped", "warning", "preset"),
    ]
    said = {"required": constant(1), "nullable": target_default(), "preset": target_default()}
    assert check_on(Mapping("member", USER, {**NAMED, **said}), old=OLD, new=WIDE, kind=kind) == []


def test_in_a_merge_a_nullable_column_may_be_left_to_the_other_mapping(check_on: Check) -> None:
    after = "CREATE TABLE member (id INTEGER PRIMARY KEY, mail VARCHAR(50) NOT NULL UNIQUE, name VARCHAR(50), must INT NOT NULL)"
    other = old("other", "tb_user")
    first = Mapping(
        "member", USER, {"mail": USER.mail, "name": USER.name, "must": constant(1)}, ids=Assigned(("mail",))
    )
    second = Mapping("member", other, {"mail": other.mail}, ids=Assigned(("mail",), priority=1))
    found = check_on(first, second, old={"old": OLD, "other": OLD}, new=after)
    assert [(f.rule, f.column) for f in found] == [("required-column-unmapped", "must")]
    alone = check_on(
        Mapping("member", USER, {"mail": USER.mail}, ids=Assigned(("mail",))), old=OLD, new=after
    )
    assert [f.column for f in of_rule(alone, "nullable-column-unmapped")] == ["name"]


@pytest.mark.parametrize("kind", ["mariadb", "postgres"])
def test_a_target_whose_name_holds_a_dot_is_told_how_it_was_read(check_on: Check, kind: str) -> None:
    quote = "`" if kind == "mariadb" else '"'
    tables = f"CREATE TABLE {quote}a.b{quote} (id INT PRIMARY KEY, v INT)"
    root = old("old", "a.b")
    found = only(check_on(Mapping("a.b", root, {"v": root.v}), old=tables, new=tables, kind=kind))
    assert found.rule == "unknown-target-table"
    assert "read as table b of schema a" in found.message
