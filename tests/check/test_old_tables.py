from __future__ import annotations

import pytest
from sqlalchemy import ColumnElement, Integer, and_, case, cast, func, literal, literal_column, select

from changeover.mapping import Mapping, constant, join, left_join, old, python, utc
from tests.check.conftest import Check, of_rule, only

OLD = """
CREATE TABLE tb_post (id INTEGER PRIMARY KEY, title VARCHAR(50) NOT NULL, made DATETIME NOT NULL, board_id INT NOT NULL);
CREATE TABLE tb_board (id INTEGER PRIMARY KEY, name VARCHAR(50) NOT NULL);
CREATE TABLE tb_image (post_id INT NOT NULL, no INT NOT NULL, url VARCHAR(50) NOT NULL, PRIMARY KEY (post_id, no))
"""
NEW = "CREATE TABLE post (id INTEGER PRIMARY KEY, title VARCHAR(50) NOT NULL)"
POST, BOARD, IMAGE = old("old", "tb_post"), old("old", "tb_board"), old("old", "tb_image")


def shout(texts: list[str]) -> list[str]:
    return [text.upper() for text in texts]


def test_a_mapping_that_fits_has_no_findings(check_on: Check) -> None:
    assert check_on(Mapping("post", POST, {"title": POST.title}), old=OLD, new=NEW) == []


def test_an_old_database_without_a_connection_is_named_with_its_variable(check_on: Check) -> None:
    other = old("else", "tb_post")
    found = only(check_on(Mapping("post", other, {"title": other.title}), old=OLD, new=NEW))
    assert (found.rule, found.table) == ("no-connection", "else.tb_post")
    assert "CHANGEOVER_OLD_ELSE_URL" in found.remedy


def test_missing_old_tables_are_named_wherever_they_are_used(check_on: Check) -> None:
    post, bord, picture = old("old", "tb_post"), old("old", "tb_bord"), old("old", "picture")
    mapping = Mapping(
        "post",
        post,
        {"title": select(func.max(picture.url)).where(picture.post_id == post.id).scalar_subquery()},
        joins=(left_join(bord, bord.id == post.board_id),),
    )
    found = check_on(mapping, old=OLD, new=NEW)
    assert [(f.rule, f.table) for f in found] == [
        ("unknown-old-table", "old.picture"),
        ("unknown-old-table", "old.tb_bord"),
    ]
    assert "did you mean tb_board?" in found[1].remedy


def test_a_missing_root_is_one_finding(check_on: Check) -> None:
    gone = old("old", "tb_gone")
    found = only(check_on(Mapping("post", gone, {"title": gone.title}), old=OLD, new=NEW))
    assert (found.rule, found.table) == ("unknown-old-table", "old.tb_gone")


def test_missing_old_columns_are_found_in_columns_filters_joins_keys_and_subqueries(check_on: Check) -> None:
    post, board, image = old("old", "tb_post"), old("old", "tb_board"), old("old", "tb_image")
    mapping = Mapping(
        "post",
        post,
        {
            "title": func.concat(
                post.titel, select(func.max(image.adress)).where(image.post_id == post.nr).scalar_subquery()
            )
        },
        joins=(left_join(board, board.id == post.bord_id),),
        where=post.gone == 0,
        key=("serial",),
    )
    found = of_rule(check_on(mapping, old=OLD, new=NEW), "unknown-old-column")
    assert {(f.table, f.column) for f in found} == {
        ("old.tb_post", "titel"),
        ("old.tb_image", "adress"),
        ("old.tb_post", "nr"),
        ("old.tb_post", "bord_id"),
        ("old.tb_post", "gone"),
        ("old.tb_post", "serial"),
    }
    said = {f.column: f for f in found}
    assert "did you mean title?" in said["titel"].remedy
    assert "the join with tb_board" in said["bord_id"].message
    assert "where=" in said["gone"].message


def test_a_column_of_a_table_that_is_not_joined_is_refused(check_on: Check) -> None:
    found = only(check_on(Mapping("post", POST, {"title": BOARD.name}), old=OLD, new=NEW))
    assert (found.rule, found.table) == ("stray-old-table", "old.tb_board")
    assert "neither the root nor joined" in found.message
    joined = Mapping("post", POST, {"title": BOARD.name}, joins=(join(BOARD, BOARD.id == POST.board_id),))
    assert check_on(joined, old=OLD, new=NEW) == []


def test_a_second_handle_of_the_root_is_refused_unless_it_has_an_alias(check_on: Check) -> None:
    twin = old("old", "tb_post")
    found = only(
        of_rule(check_on(Mapping("post", POST, {"title": twin.title}), old=OLD, new=NEW), "stray-old-table")
    )
    assert "another handle" in found.message
    inside = select(func.max(twin.title)).where(twin.board_id == POST.board_id).scalar_subquery()
    assert of_rule(check_on(Mapping("post", POST, {"title": inside}), old=OLD, new=NEW), "stray-old-table")
    alias = old("old", "tb_post", alias="other")
    inside = select(func.max(alias.title)).where(alias.board_id == POST.board_id).scalar_subquery()
    assert check_on(Mapping("post", POST, {"title": inside}), old=OLD, new=NEW) == []


def test_a_join_that_does_not_cover_a_unique_key_is_refused(check_on: Check) -> None:
    several = Mapping("post", POST, {"title": IMAGE.url}, joins=(join(IMAGE, IMAGE.post_id == POST.id),))
    found = only(check_on(several, old=OLD, new=NEW))
    assert (found.rule, found.table) == ("join-multiplies-rows", "old.tb_image")
    assert "(post_id)" in found.message
    one = join(IMAGE, and_(POST.id == IMAGE.post_id, IMAGE.no == 1))
    assert check_on(Mapping("post", POST, {"title": IMAGE.url}, joins=(one,)), old=OLD, new=NEW) == []


def test_a_join_on_a_table_s_own_columns_pins_nothing(check_on: Check) -> None:
    same = join(IMAGE, and_(IMAGE.post_id == IMAGE.no, IMAGE.no == POST.id))
    found = of_rule(
        check_on(Mapping("post", POST, {"title": IMAGE.url}, joins=(same,)), old=OLD, new=NEW),
        "join-multiplies-rows",
    )
    assert "(no)" in only(found).message


@pytest.mark.parametrize(
    ("subquery", "wrong"),
    [
        (select(IMAGE.url).where(IMAGE.post_id == POST.id), True),
        (select(func.min(IMAGE.url)).where(IMAGE.post_id == POST.id), False),
        (select(func.min(IMAGE.url)).where(IMAGE.post_id == POST.id).group_by(IMAGE.no), True),
        (select(func.upper(func.coalesce(func.max(IMAGE.url), ""))).where(IMAGE.post_id == POST.id), False),
        (select(IMAGE.url).where(IMAGE.post_id == POST.id).order_by(IMAGE.no).limit(1), False),
        (select(IMAGE.url).where(IMAGE.post_id == POST.id).limit(2), True),
        (select(IMAGE.url).where(IMAGE.post_id == POST.id, IMAGE.no == 1), False),
        (select(IMAGE.url).where(IMAGE.post_id == POST.id).where((IMAGE.no == 1) | (IMAGE.no == 2)), True),
    ],
)
def test_a_subquery_must_find_one_row_at_most(check_on: Check, subquery: object, wrong: bool) -> None:
    mapping = Mapping("post", POST, {"title": func.coalesce(subquery.scalar_subquery(), "")})  # type: ignore[attr-defined]
    found = check_on(mapping, old=OLD, new=NEW)
    assert [(f.rule, f.table, f.column) for f in found] == [
        ("subquery-many-rows", "old.tb_image", "title")
    ] * wrong


@pytest.mark.parametrize("kind", ["sqlite", "mariadb", "postgres"])
def test_an_expression_that_the_old_database_refuses_is_named_with_its_column(
    check_on: Check, kind: str
) -> None:
    new = "CREATE TABLE post (id INT PRIMARY KEY, title VARCHAR(50) NOT NULL, slug VARCHAR(50) NOT NULL)"
    mapping = Mapping(
        "post", POST, {"title": func.no_such_function(POST.title), "slug": func.lower(POST.title)}
    )
    timed = OLD if kind != "postgres" else OLD.replace("DATETIME", "TIMESTAMP")
    found = only(check_on(mapping, old=timed, new=new, kind=kind))
    assert (found.rule, found.column) == ("select-fails", "title")
    assert "no_such_function" in found.message.lower()


def test_several_refused_expressions_are_all_named(check_on: Check) -> None:
    mapping = Mapping(
        "post", POST, {"title": func.one_missing(POST.title)}, where=func.other_missing(POST.title) == 1
    )
    found = of_rule(check_on(mapping, old=OLD, new=NEW), "select-fails")
    assert [(f.table, f.column) for f in found] == [("old.tb_post", None), ("post", "title")]


@pytest.mark.parametrize(
    "folding",
    [
        literal_column("MAX(title)"),
        case((literal_column("COUNT(*)") > 5, "many"), else_="few"),
    ],
)
def test_an_aggregate_that_only_the_database_can_read_is_named_with_its_column(
    check_on: Check, folding: ColumnElement[str]
) -> None:
    found = only(check_on(Mapping("post", POST, {"title": folding}), old=OLD, new=NEW))
    assert (found.rule, found.column) == ("select-fails", "title")
    assert "one row" in found.message
    assert "subquery" in found.remedy


@pytest.mark.parametrize(
    ("kind", "value", "name"),
    [
        ("sqlite", func.random(), "random"),
        ("sqlite", func.current_timestamp(), "current_timestamp"),
        ("sqlite", func.datetime("now"), "datetime"),
        ("sqlite", case((func.random() > 0, POST.title), else_="x"), "random"),
        ("sqlite", python(shout, func.random()), "random"),
        ("mariadb", func.now(), "now"),
        ("postgres", func.clock_timestamp(), "clock_timestamp"),
    ],
)
def test_a_value_that_is_another_each_time_is_warned_of(
    check_on: Check, kind: str, value: ColumnElement[str], name: str
) -> None:
    before = OLD if kind != "postgres" else OLD.replace("DATETIME", "TIMESTAMP")
    found = of_rule(
        check_on(Mapping("post", POST, {"title": value}), old=before, new=NEW, kind=kind), "unstable-value"
    )
    assert (only(found).column, only(found).severity) == ("title", "warning")
    assert f"{name}()" in found[0].message


def test_a_function_of_a_time_is_stable(check_on: Check) -> None:
    mapping = Mapping("post", POST, {"title": func.datetime(POST.made)})
    assert check_on(mapping, old=OLD, new=NEW) == []


@pytest.mark.parametrize("where", [POST.title, POST.board_id, literal("yes"), cast(POST.title, Integer)])
def test_a_condition_that_is_neither_true_nor_false_is_refused(
    check_on: Check, where: ColumnElement[bool]
) -> None:
    mapping = Mapping("post", POST, {"title": POST.title}, where=where)
    found = only(of_rule(check_on(mapping, old=OLD, new=NEW), "condition-not-boolean"))
    assert "where=" in found.message
    joined = Mapping("post", POST, {"title": POST.title}, joins=(left_join(BOARD, where),))
    assert of_rule(check_on(joined, old=OLD, new=NEW), "condition-not-boolean") != []


@pytest.mark.parametrize(
    "where", [POST.live, POST.board_id != 0, POST.title.like("a%"), func.coalesce(POST.live, False)]
)
def test_a_condition_that_is_one_passes(check_on: Check, where: ColumnElement[bool]) -> None:
    mapping = Mapping("post", POST, {"title": POST.title}, where=where)
    with_live = OLD.replace("made DATETIME", "live BOOLEAN NOT NULL, made DATETIME")
    assert check_on(mapping, old=with_live, new=NEW) == []


def test_a_refused_join_is_found(check_on: Check) -> None:
    mapping = Mapping(
        "post", POST, {"title": POST.title}, joins=(join(BOARD, func.missing(BOARD.id) == POST.id),)
    )
    found = only(of_rule(check_on(mapping, old=OLD, new=NEW), "select-fails"))
    assert "missing" in found.message


@pytest.mark.parametrize(
    ("kind", "zone"), [("sqlite", "Asia/Seoul"), ("mariadb", "Mars/Olympus"), ("postgres", "Asia/Seol")]
)
def test_a_zone_that_the_old_database_does_not_know_is_refused(check_on: Check, kind: str, zone: str) -> None:
    stamp = {"sqlite": "DATETIME", "mariadb": "DATETIME", "postgres": "TIMESTAMP"}[kind]
    before = OLD.replace("DATETIME", stamp)
    after = f"CREATE TABLE post (id INT PRIMARY KEY, made {stamp} NOT NULL)"
    if kind == "postgres":
        after = "CREATE TABLE post (id INT PRIMARY KEY, made TIMESTAMPTZ NOT NULL)"
    found = check_on(Mapping("post", POST, {"made": utc(POST.made, zone)}), old=before, new=after, kind=kind)
    named = only(of_rule(found, "unknown-zone"))
    assert (named.column, zone in named.message) == ("made", True)
    known = Mapping("post", POST, {"made": utc(POST.made, "+09:00")})
    assert of_rule(check_on(known, old=before, new=after, kind=kind), "unknown-zone") == []


def test_a_zone_that_postgresql_knows_is_accepted(check_on: Check) -> None:
    before = OLD.replace("DATETIME", "TIMESTAMP")
    after = "CREATE TABLE post (id INT PRIMARY KEY, made TIMESTAMPTZ NOT NULL)"
    mapping = Mapping("post", POST, {"made": utc(POST.made, "Asia/Seoul")})
    assert check_on(mapping, old=before, new=after, kind="postgres") == []


def test_constants_alone_need_nothing_of_the_old_side(check_on: Check) -> None:
    assert check_on(Mapping("post", POST, {"title": constant("x")}), old=OLD, new=NEW) == []
