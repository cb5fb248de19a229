from __future__ import annotations

from itertools import count

import pytest

from changeover.check import Finding, check, refusal
from changeover.errors import MappingError
from changeover.mapping import (
    Assigned,
    Computed,
    Mapping,
    Registry,
    constant,
    lookup,
    old,
    target_default,
    value_map,
)
from changeover.mapping.columns import Declared
from tests.check.conftest import Check, only
from tests.mysql_kind import Server
from tests.transfer.rig import assert_settled, copy, rigged

OLD = """
CREATE TABLE tb_user (id INTEGER PRIMARY KEY, code VARCHAR(10) NOT NULL, born DATE NOT NULL);
CREATE TABLE tb_post (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, user_code VARCHAR(10) NOT NULL, day DATE NOT NULL)
"""
NEW = """
CREATE TABLE member (id INTEGER PRIMARY KEY, code VARCHAR(10) NOT NULL UNIQUE, born DATE NOT NULL, group_id INTEGER);
CREATE TABLE country (id INTEGER PRIMARY KEY, code VARCHAR(10) NOT NULL UNIQUE);
CREATE TABLE post (
  id INTEGER PRIMARY KEY,
  member_id INTEGER REFERENCES member (id),
  country_id INTEGER REFERENCES country (id)
)
"""
USER, POST = old("old", "tb_user"), old("old", "tb_post")


def members(**more: object) -> Mapping:
    columns: dict[str, Declared] = {"code": USER.code, "born": USER.born, "group_id": target_default()}
    return Mapping("member", USER, columns, **more)  # type: ignore[arg-type]


def checked(
    check_on: Check,
    member_id: Declared,
    *,
    country: Declared | None = None,
    parent: Mapping | None = None,
    new: str = NEW,
) -> list[Finding]:
    post = Mapping(
        "post",
        POST,
        {"member_id": member_id, "country_id": country if country is not None else constant(None)},
    )
    return check_on(parent or members(), post, old=OLD, new=new)


def test_lookups_that_fit_have_no_findings(check_on: Check) -> None:
    assert checked(check_on, lookup("member", POST.user_id)) == []
    assert checked(check_on, lookup("member", POST.user_code, by="code")) == []
    assert checked(check_on, lookup("member", POST.user_id), parent=members(ids=Assigned())) == []


@pytest.mark.parametrize("made", [POST.user_id, constant(1), value_map(POST.user_code, {"a": 1})])
def test_a_foreign_key_needs_a_lookup(check_on: Check, made: Declared) -> None:
    found = only(checked(check_on, made))
    assert (found.rule, found.table, found.column) == ("foreign-key-without-lookup", "post", "member_id")
    assert 'lookup("member"' in found.remedy


@pytest.mark.parametrize("made", [constant(None), target_default()])
def test_a_foreign_key_may_be_left_empty(check_on: Check, made: Declared) -> None:
    assert checked(check_on, made) == []


def test_new_keys_of_a_table_that_no_mapping_feeds_may_be_stated(check_on: Check) -> None:
    fits = lookup("member", POST.user_id)
    assert checked(check_on, fits, country=value_map(POST.user_code, {"kr": 1})) == []
    assert checked(check_on, fits, country=lookup("country", POST.user_code, by="code")) == []
    assert "by=" in only(checked(check_on, fits, country=POST.user_id)).remedy


def test_a_key_that_is_also_a_foreign_key_is_computed(check_on: Check) -> None:
    after = "CREATE TABLE member (id INTEGER PRIMARY KEY); CREATE TABLE post (id INTEGER PRIMARY KEY REFERENCES member (id))"
    parent = Mapping("member", USER, {})
    found = only(check_on(parent, Mapping("post", POST, {}, name="p"), old=OLD, new=after))
    assert (found.rule, found.column, "ids=Computed()" in found.remedy) == (
        "foreign-key-without-lookup",
        "id",
        True,
    )
    made = Mapping("post", POST, {"id": lookup("member", POST.user_id)}, name="p", ids=Computed())
    assert check_on(parent, made, old=OLD, new=after) == []
    split = Mapping("post", USER, {}, name="p")
    assert check_on(parent, split, old=OLD, new=after) == [], "both are made of one root, and have its key"


def test_a_parent_that_does_not_exist_is_named(check_on: Check) -> None:
    found = checked(check_on, lookup("members", POST.user_id))
    assert [(f.rule, f.column) for f in found] == [("lookup-parent-table", "member_id")]
    assert "did you mean member?" in found[0].remedy


def test_a_lookup_by_old_key_needs_one_mapping(check_on: Check) -> None:
    found = only(checked(check_on, constant(None), country=lookup("country", POST.user_id)))
    assert (found.rule, "no mapping feeds country" in found.message) == ("lookup-mapping", True)
    found = only(checked(check_on, lookup("member", POST.user_id, mapping="else.tb_user")))
    assert (found.rule, "old.tb_user.member" in found.remedy) == ("lookup-mapping", True)


def test_a_lookup_says_which_of_several_mappings_it_means(check_on: Check) -> None:
    one, other = old("one", "tb_user"), old("other", "tb_user")
    parents = [
        Mapping(
            "member",
            user,
            {"code": user.code, "born": user.born, "group_id": target_default()},
            ids=Assigned(("code",), priority=n),
        )
        for n, user in enumerate((one, other))
    ]
    every = {"old": OLD, "one": OLD, "other": OLD}

    def posts(mapping: str | None) -> list[Finding]:
        made = {"member_id": lookup("member", POST.user_id, mapping=mapping), "country_id": constant(None)}
        return check_on(*parents, Mapping("post", POST, made), old=every, new=NEW)

    found = only(posts(None))
    assert (found.rule, "one.tb_user.member, other.tb_user.member" in found.remedy) == (
        "lookup-mapping",
        True,
    )
    assert posts("other.tb_user") == []


def test_a_lookup_names_all_columns_of_the_old_key(check_on: Check) -> None:
    found = only(checked(check_on, lookup("member", POST.user_id, POST.id)))
    assert (found.rule, found.column) == ("lookup-key", "member_id")
    found = only(checked(check_on, lookup("member", POST.user_id), parent=_computed()))
    assert (found.rule, "computed" in found.message) == ("lookup-key", True)


def _computed() -> Mapping:
    return Mapping(
        "member",
        USER,
        {"id": USER.id, "code": USER.code, "born": USER.born, "group_id": target_default()},
        ids=Computed(),
    )


def test_a_natural_key_is_unique(check_on: Check) -> None:
    found = only(checked(check_on, lookup("member", POST.day, by="born")))
    assert (found.rule, "(born) is not unique" in found.message) == ("lookup-not-unique", True)
    found = only(checked(check_on, lookup("member", POST.user_code, by="kode")))
    assert (found.rule, "no column kode" in found.message) == ("lookup-not-unique", True)


def test_a_lookup_compares_what_can_be_equal(check_on: Check) -> None:
    found = only(checked(check_on, lookup("member", POST.day)))
    assert (found.rule, found.column) == ("lookup-type", "member_id")
    assert "old.tb_user.id" in found.message


def test_a_lookup_gives_what_its_column_holds(check_on: Check) -> None:
    found = checked(check_on, lookup("member", POST.user_id, returns="nick"))
    assert [f.rule for f in found] == ["lookup-other-parent", "lookup-result"]
    found = checked(check_on, lookup("member", POST.user_id, returns="code"), parent=members(ids=Assigned()))
    assert "lookup-result" in [f.rule for f in found]
    loose = NEW.replace("REFERENCES member (id)", "")
    found = checked(check_on, lookup("member", POST.user_code, by="code", returns="born"), new=loose)
    assert [f.rule for f in found] == ["lookup-result"]


def test_a_parent_with_a_key_of_two_columns_needs_returns(check_on: Check) -> None:
    after = """
    CREATE TABLE member (id INTEGER NOT NULL, part INTEGER NOT NULL, code VARCHAR(10) NOT NULL UNIQUE, PRIMARY KEY (id, part));
    CREATE TABLE post (id INTEGER PRIMARY KEY, member_id INTEGER)
    """

    def posts(returns: str | None) -> list[Finding]:
        made = lookup("member", POST.user_code, by="code", returns=returns)
        return check_on(Mapping("post", POST, {"member_id": made}), old=OLD, new=after)

    assert only(posts(None)).rule == "lookup-result"
    assert posts("id") == []


def test_a_lookup_leads_where_the_foreign_key_does(check_on: Check) -> None:
    found = only(checked(check_on, lookup("country", POST.user_code, by="code")))
    assert (found.rule, found.column) == ("lookup-other-parent", "member_id")
    assert 'lookup("member"' in found.remedy


def test_lookups_in_a_circle_are_presented_like_a_finding() -> None:
    one = Mapping("member", USER, {"group_id": lookup("team", USER.id)})
    other = Mapping("team", POST, {"member_id": lookup("member", POST.user_id)})
    with pytest.raises(MappingError) as raised:
        Registry((one, other))
    found = refusal(raised.value)
    assert (found.rule, found.severity) == ("declaration", "error")
    assert "circle" in found.message


TABLES = """
CREATE TABLE Member (id INTEGER PRIMARY KEY, name VARCHAR(9));
CREATE TABLE Post (id INTEGER PRIMARY KEY, member_id INTEGER, reply_to INTEGER,
  FOREIGN KEY (member_id) REFERENCES MEMBER (id), FOREIGN KEY (reply_to) REFERENCES POST (id))
"""


def posts(named: str) -> tuple[Mapping, Mapping]:
    member, post = old("old", "Member"), old("old", named)
    columns: dict[str, Declared] = {
        "member_id": lookup("Member", post.member_id),
        "reply_to": lookup(named, post.reply_to),
    }
    return Mapping(named, post, columns), Mapping("Member", member, {"name": member.name})


def test_tables_may_be_spelled_otherwise_where_case_says_nothing(check_on: Check) -> None:
    assert check_on(*posts("Post"), old=TABLES, new=TABLES) == []
    found = check_on(*posts("POST"), old=TABLES, new=TABLES)
    assert {f.rule for f in found} >= {"unknown-old-table", "unknown-target-table"}


def test_a_server_that_folds_names_finds_their_parents_and_their_order() -> None:
    numbers = count()
    with (
        Server(extra_args=["--lower-case-table-names=1"]) as server,
        rigged(lambda _, name: server.create_database(f"{name}_{next(numbers)}")) as make,
    ):
        r = make("mariadb", old="mariadb")
        for engine in (r.old, r.new):
            r.run(engine, *TABLES.split(";"))
        r.run(r.old, "INSERT INTO member VALUES (1, 'a')", "INSERT INTO post VALUES (1, 1, NULL), (2, 1, 1)")
        project = r.project(*posts("POST"))
        assert check(project.registry, project.old, project.new) == []
        assert list(project.moves) == ["old.Member", "old.POST"]
        assert_settled(project, copy(project))
        assert r.rows("post") == [(1, 1, None), (2, 1, 1)]
