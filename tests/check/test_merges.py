from __future__ import annotations

import pytest

from changeover.check import Finding
from changeover.mapping import Assigned, Keep, Mapping, Offset, old
from changeover.mapping.ids import Ids
from tests.check.conftest import Check, of_rule, only

TABLE = (
    "CREATE TABLE tb_member (id INTEGER PRIMARY KEY, mail VARCHAR(50) NOT NULL, name VARCHAR(50) NOT NULL)"
)
NEW = "CREATE TABLE member (id INTEGER PRIMARY KEY, mail VARCHAR(50) NOT NULL%s, name VARCHAR(50) NOT NULL)"
UNIQUE = NEW % " UNIQUE"


def member(database: str, ids: Ids, *columns: str, exclusive: bool = False) -> Mapping:
    table = old(database, "tb_member")
    return Mapping(
        "member", table, {c: table[c] for c in columns or ("mail", "name")}, ids=ids, exclusive=exclusive
    )


def rows(first: int, last: int) -> str:
    return f"{TABLE}; INSERT INTO tb_member VALUES ({first}, 'a', 'a'), ({last}, 'b', 'b')"


def merged(check_on: Check, shop: Ids, board: Ids, *, new: str = NEW % "", ids: int = 100) -> list[Finding]:
    both = {"shop": rows(1, ids), "board": rows(1, ids)}
    return check_on(member("shop", shop), member("board", board), old=both, new=new)


def test_two_databases_cannot_keep_ids_in_one_target(check_on: Check) -> None:
    found = only(merged(check_on, Keep(), Keep()))
    assert (found.rule, found.mapping) == ("ids-collide", "board.tb_member.member")
    assert found.message == "its ids (1 to 100) overlap those of mapping shop.tb_member.member (1 to 100)"
    assert "Offset(by=10_000_000)" in found.remedy


@pytest.mark.parametrize(("by", "rules"), [(99, ["ids-collide"]), (105, ["offset-headroom"]), (1000, [])])
def test_an_offset_leads_beyond_the_ids_that_are_there(check_on: Check, by: int, rules: list[str]) -> None:
    assert [f.rule for f in merged(check_on, Keep(), Offset(by))] == rules


def test_empty_tables_with_one_rule_collide_all_the_same(check_on: Check) -> None:
    both = {"shop": TABLE, "board": TABLE}
    found = check_on(member("shop", Keep()), member("board", Keep()), old=both, new=NEW % "")
    assert only(found).rule == "ids-collide"
    assert check_on(member("shop", Keep()), member("board", Offset(1000)), old=both, new=NEW % "") == []


def test_two_mappings_of_one_root_cannot_make_the_same_rows(check_on: Check) -> None:
    table = old("shop", "tb_member")
    twice = [
        Mapping("member", table, {"mail": table.mail, "name": table.name}, name=name)
        for name in ("one", "two")
    ]
    assert only(check_on(*twice, old={"shop": TABLE}, new=NEW % "")).rule == "ids-collide"


def test_text_keys_that_are_kept_can_be_the_same(check_on: Check) -> None:
    text = TABLE.replace("INTEGER", "VARCHAR(20) NOT NULL")
    after = (NEW % "").replace("INTEGER", "VARCHAR(20)")
    found = only(
        check_on(
            member("shop", Keep()), member("board", Keep()), old={"shop": text, "board": text}, new=after
        )
    )
    assert found.rule == "ids-collide"


def test_uuids_that_are_kept_are_never_the_same(check_on: Check) -> None:
    text = TABLE.replace("INTEGER", "UUID")
    after = (NEW % "").replace("INTEGER", "UUID")
    both = {"shop": text, "board": text}
    assert (
        check_on(member("shop", Keep()), member("board", Keep()), old=both, new=after, kind="postgres") == []
    )


def test_an_offset_must_fit_the_key(check_on: Check) -> None:
    after = (
        "CREATE TABLE member (id SMALLINT PRIMARY KEY, mail VARCHAR(50) NOT NULL, name VARCHAR(50) NOT NULL)"
    )
    found = only(
        check_on(member("shop", Offset(40_000)), old={"shop": rows(1, 5)}, new=after, kind="postgres")
    )
    assert (found.rule, found.column) == ("offset-overflow", "id")
    assert (
        check_on(member("shop", Offset(30_000)), old={"shop": rows(1, 5)}, new=after, kind="postgres") == []
    )


def test_kept_and_assigned_ids_do_not_mix(check_on: Check) -> None:
    found = only(merged(check_on, Keep(), Assigned()))
    assert (found.rule, found.mapping) == ("ids-mixed", "board.tb_member.member")
    assert merged(check_on, Assigned(), Assigned()) == []


def test_merging_mappings_match_by_the_same_columns(check_on: Check) -> None:
    found = only(of_rule(merged(check_on, Assigned(("mail",)), Assigned(), new=UNIQUE), "match-differs"))
    assert "Assigned(match=('mail',))" in found.remedy
    assert merged(check_on, Assigned(("mail",)), Assigned(("mail",), priority=1), new=UNIQUE) == []


def test_a_merge_without_match_into_a_unique_index_is_noticed(check_on: Check) -> None:
    found = only(merged(check_on, Assigned(), Assigned(), new=UNIQUE))
    assert (found.rule, found.severity, found.column) == ("merge-without-match", "warning", "mail")


def test_two_mappings_cannot_have_the_same_say_in_a_column(check_on: Check) -> None:
    found = only(merged(check_on, Assigned(("mail",)), Assigned(("mail",)), new=UNIQUE))
    assert (found.rule, found.mapping) == ("priority-tie", "board.tb_member.member")
    assert "both make name" in found.message


def test_a_shared_target_is_nobody_s_alone(check_on: Check) -> None:
    shared = [member("shop", Keep(), exclusive=True), member("board", Offset(1000))]
    found = only(check_on(*shared, old={"shop": TABLE, "board": TABLE}, new=NEW % ""))
    assert (found.rule, found.mapping) == ("exclusive-but-shared", "shop.tb_member.member")
    assert check_on(shared[0], old={"shop": TABLE}, new=NEW % "") == []
