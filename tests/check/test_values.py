from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from changeover.mapping import Mapping, constant, old, python, value_map
from tests.check.conftest import Check, only

ROOT = old("old", "tb_item")
OLD = "CREATE TABLE tb_item (id INT PRIMARY KEY, v VARCHAR(10) NOT NULL, w VARCHAR(10) NOT NULL)"


@pytest.mark.parametrize(
    ("kind", "declared", "wrong", "right"),
    [
        ("sqlite", "VARCHAR(3) NOT NULL", "four", "two"),
        ("sqlite", "VARCHAR(3) NOT NULL", None, ""),
        ("sqlite", "INTEGER NOT NULL", "1", 1),
        ("sqlite", "DATE NOT NULL", "yesterday", dt.date(2024, 2, 29)),
        ("mariadb", "ENUM('new', 'used') NOT NULL", "old", "used"),
        ("mariadb", "TINYINT UNSIGNED NOT NULL", -1, 255),
        ("mariadb", "DECIMAL(5,2) NOT NULL", Decimal(1000), Decimal("999.99")),
        ("postgres", "SMALLINT NOT NULL", 40_000, 32_767),
        ("postgres", "BOOLEAN NOT NULL", "yes", True),
        ("postgres", "DATE NOT NULL", "2023-02-29", dt.date(2024, 2, 29)),
        ("postgres", "UUID NOT NULL", "none", uuid.UUID(int=7)),
    ],
)
def test_declared_values_must_fit_their_column(
    check_on: Check, kind: str, declared: str, wrong: Any, right: Any
) -> None:
    after = f"CREATE TABLE item (id INT PRIMARY KEY, v {declared})"
    for rule, made in (
        ("constant-misfit", constant),
        ("value-map-misfit", lambda value: value_map(ROOT.v, {"x": value})),
    ):
        found = only(check_on(Mapping("item", ROOT, {"v": made(wrong)}), old=OLD, new=after, kind=kind))
        assert (found.rule, found.column, repr(wrong) in found.message) == (rule, "v", True)
        assert check_on(Mapping("item", ROOT, {"v": made(right)}), old=OLD, new=after, kind=kind) == []


def test_what_null_becomes_must_fit_too(check_on: Check) -> None:
    after = "CREATE TABLE item (id INT PRIMARY KEY, v INT)"
    found = only(
        check_on(
            Mapping("item", ROOT, {"v": value_map(ROOT.v, {"a": None}, null="none")}), old=OLD, new=after
        )
    )
    assert (found.rule, "null='none'" in found.message) == ("value-map-misfit", True)


def test_every_wrong_entry_is_named(check_on: Check) -> None:
    after = "CREATE TABLE item (id INT PRIMARY KEY, v VARCHAR(3) NOT NULL)"
    found = check_on(
        Mapping("item", ROOT, {"v": value_map(ROOT.v, {"a": "long", "b": "ok", "c": None})}),
        old=OLD,
        new=after,
    )
    assert [f.message.split(" of the")[0] for f in found] == ["the entry 'a': 'long'", "the entry 'c': None"]


def test_the_labels_of_an_old_enum_have_an_entry_each(check_on: Check) -> None:
    before = "CREATE TABLE tb_item (id INT PRIMARY KEY, v ENUM('a', 'b', 'c') NOT NULL)"
    after = "CREATE TABLE item (id INT PRIMARY KEY, v INT NOT NULL)"
    found = check_on(
        Mapping("item", ROOT, {"v": value_map(ROOT.v, {"a": 1, "b": 2, "d": 4})}),
        old=before,
        new=after,
        kind="mariadb",
    )
    assert [(f.rule, f.severity) for f in found] == [("value-map-codes", "warning")] * 2
    assert "'d'" in found[0].message
    assert "'c'" in found[1].message
    whole = Mapping("item", ROOT, {"v": value_map(ROOT.v, {"a": 1, "b": 2, "c": 3})})
    assert check_on(whole, old=before, new=after, kind="mariadb") == []


def joined(first: Sequence[Any], last: Sequence[Any]) -> list[str]:
    return [f"{one} {other}" for one, other in zip(first, last, strict=True)]


def test_a_function_takes_a_list_for_each_old_column(check_on: Check) -> None:
    after = "CREATE TABLE item (id INT PRIMARY KEY, v VARCHAR(50) NOT NULL)"
    found = only(check_on(Mapping("item", ROOT, {"v": python(joined, ROOT.v)}), old=OLD, new=after))
    assert (found.rule, found.column) == ("python-arguments", "v")
    assert "joined(first" in found.message
    assert check_on(Mapping("item", ROOT, {"v": python(joined, ROOT.v, ROOT.w)}), old=OLD, new=after) == []
    missing = only(check_on(Mapping("item", ROOT, {"v": python(joined, ROOT.v, ROOT.x)}), old=OLD, new=after))
    assert (missing.rule, missing.column) == ("unknown-old-column", "x")
