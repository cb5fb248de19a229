from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func

import changeover.check.rules
from changeover.binding import Bound
from changeover.check import RULES, Finding
from changeover.check.case import Case
from changeover.check.pages import PAGE, page
from changeover.check.rules.needless_narrow import NeedlessNarrow
from changeover.mapping import Assigned, Mapping, constant, join, lookup, old, python, value_map
from tests.check.conftest import Check, only

OLD = """
CREATE TABLE tb_order (
  id BIGINT PRIMARY KEY, title VARCHAR(200) NOT NULL, state VARCHAR(10) NOT NULL, member_no INT NOT NULL, memo VARCHAR(50)
);
CREATE TABLE tb_line (order_id BIGINT NOT NULL, no INT NOT NULL, name VARCHAR(50) NOT NULL, PRIMARY KEY (order_id, no))
"""
NEW = """
CREATE TABLE member (id INTEGER PRIMARY KEY, mail VARCHAR(50) NOT NULL);
CREATE TABLE sale (
  id INTEGER PRIMARY KEY, title VARCHAR(100) NOT NULL, state VARCHAR(5) NOT NULL, member_id INTEGER REFERENCES member (id),
  line VARCHAR(50), memo VARCHAR(50) NOT NULL, paid INTEGER NOT NULL, note VARCHAR(50), origin INTEGER NOT NULL, slug VARCHAR(100)
)
"""


def ten_mistakes() -> Mapping:
    order, line = old("old", "tb_order"), old("old", "tb_line")
    return Mapping(
        "sale",
        order,
        {
            "title": order.title,  # 1: larger than its target
            "state": value_map(order.state, {"0": "issued"}),  # 2: longer than the column
            "member_id": order.member_no,  # 3: a foreign key
            "line": line.name,  # 4: the join below finds several lines
            "memo": order.memo,  # 5: NULL into NOT NULL
            "price": order.title,  # 6: no such target column
            "origin": constant("web"),  # 7: no number
            "slug": func.slugify(order.title),  # 8: no such function
            # 9: nothing for paid; note is 10
        },
        joins=(join(line, line.order_id == order.id),),
        where=order.status != "x",  # 11: no such old column
    )


def test_a_mapping_with_ten_mistakes_and_one_more_reports_all_of_them(check_on: Check) -> None:
    found = check_on(ten_mistakes(), old=OLD, new=NEW)
    assert {(f.rule, f.table, f.column) for f in found} == {
        ("type-narrows", "sale", "title"),
        ("value-map-misfit", "sale", "state"),
        ("foreign-key-without-lookup", "sale", "member_id"),
        ("join-multiplies-rows", "old.tb_line", None),
        ("nullable-into-not-null", "sale", "memo"),
        ("unknown-target-column", "sale", "price"),
        ("constant-misfit", "sale", "origin"),
        ("select-fails", "sale", "slug"),
        ("required-column-unmapped", "sale", "paid"),
        ("nullable-column-unmapped", "sale", "note"),
        ("unknown-old-column", "old.tb_order", "status"),
    }
    assert {f.mapping for f in found} == {"old.tb_order.sale"}
    assert all(f.message and f.remedy for f in found)


def test_findings_are_sorted_by_mapping_with_errors_first(check_on: Check) -> None:
    order = old("old", "tb_order")
    member = Mapping("member", order, {"mail": order.e_mail}, name="a")
    found = check_on(ten_mistakes(), member, old=OLD, new=NEW)
    assert found[0].mapping == "a"
    kinds = [f.severity for f in found if f.mapping != "a"]
    assert kinds == sorted(kinds)
    assert found == sorted(found, key=lambda f: (f.mapping or "", f.severity, f.table or "", f.column or ""))


def test_a_finding_says_what_where_and_what_to_do(check_on: Check) -> None:
    order = old("old", "tb_order")
    text = str(only(check_on(Mapping("member", order, {"mail": order.titel}), old=OLD, new=NEW)))
    assert text.startswith(
        "error [unknown-old-column] mapping old.tb_order.member, table old.tb_order, column titel: "
    )
    assert "did you mean title?" in text


def broken(count: int) -> list[Mapping]:
    """Mappings with everything missing somewhere, one part of them a mapping."""
    gone, order = old("old", "tb_gone", alias="g"), old("old", "tb_order")
    parts: list[Mapping] = [
        Mapping("nowhere", gone, {"a": gone.b}, key=("c", "d"), where=gone.e == 1, name="0"),
        Mapping("sale", gone, {"a": gone.b}, ids=Assigned(("x",)), name="1"),
        Mapping(
            "nowhere", order, {"a": lookup("nothing", order.x, gone.y), "b": python(sorted, gone.z)}, name="2"
        ),
        Mapping(
            "sale",
            old("void", "x"),
            {"id": constant(None), "line": lookup("member", gone.q)},
            ids=Assigned(("id",)),
            name="3",
        ),
        Mapping(
            "member",
            order,
            {"mail": value_map(gone.b, {"x": object()})},
            joins=(join(gone, gone.a == gone.b),),
            name="4",
        ),
        Mapping(
            "sale",
            order,
            {"member_id": lookup("member", gone.b, by="mai", returns="x")},
            key=("memo",),
            name="5",
        ),
    ]
    return parts[:count]


@pytest.mark.parametrize("count", range(1, 7))
def test_no_mapping_is_too_broken_to_be_checked(check_on: Check, count: int) -> None:
    mappings = broken(count)
    found = check_on(*mappings, old=OLD, new=NEW)
    assert {f.mapping for f in found if f.severity == "error"} == {m.name for m in mappings}


def test_a_rule_that_breaks_off_is_an_error_that_names_rule_and_mapping_and_the_others_are_heard(
    check_on: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_rule(self: object, case: Case) -> Iterator[Finding]:
        raise KeyError("what nobody thought of")
        yield

    monkeypatch.setattr(NeedlessNarrow, "check_mapping", broken_rule)
    order = old("old", "tb_order")
    found = check_on(Mapping("member", order, {"mail": order.titel}), old=OLD, new=NEW)
    assert [(f.rule, f.severity, f.mapping) for f in found] == [
        ("needless-narrow", "error", "old.tb_order.member"),
        ("unknown-old-column", "error", "old.tb_order.member"),
    ]
    assert "KeyError" in found[0].message
    assert "what nobody thought of" not in found[0].message, "it may be a value of a row"


def test_a_binding_that_breaks_off_is_a_finding_of_its_mapping(
    check_on: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_bind(*_: object) -> Bound:
        raise TypeError("nobody knows why")

    monkeypatch.setattr("changeover.check.case.bind", broken_bind)
    order = old("old", "tb_order")
    found = check_on(Mapping("member", order, {"mail": order.title.concat(order.memo)}), old=OLD, new=NEW)
    assert ("mapping-refused", "old.tb_order.member") in {(f.rule, f.mapping) for f in found}


@pytest.mark.parametrize("name", ["MEMBER", "Member"])
def test_a_table_whose_name_differs_in_case_on_sqlite_is_unknown(check_on: Check, name: str) -> None:
    order = old("old", "TB_ORDER")
    found = check_on(Mapping(name, order, {"mail": order.title}), old=OLD, new=NEW)
    assert {"unknown-old-table", "unknown-target-table"} == {f.rule for f in found}
    assert all("did you mean" in f.remedy for f in found)


def test_a_rule_is_a_file_of_its_name_with_a_page() -> None:
    folder = Path(inspect.getfile(changeover.check.rules)).parent
    files = {file.stem for file in folder.glob("*.py")} - {"__init__"}
    assert {rule.__module__.rpartition(".")[2] for rule in RULES} == files
    for rule in RULES:
        assert rule.name == rule.__module__.rpartition(".")[2].replace("_", "-")
        assert len(inspect.getdoc(rule) or "") > 100


def test_the_reference_is_made_of_the_rules() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m changeover.check.pages"
